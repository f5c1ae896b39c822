"""What has to hold for the stacks. A rule gives complaints; none is what it wants. `spoiled.py` has a world that each must complain of."""

import json
import re
from collections.abc import Iterator
from zoneinfo import available_timezones

import yaml
from rules_of_services import RULES_OF_SERVICES
from world import World, listed, plain

# AWS has no narrower resource for these.
ON_ALL = {"ecr:GetAuthorizationToken", "batch:ListJobs", "batch:DescribeJobDefinitions", "ecs:DeregisterTaskDefinition"}
# A telephone has no ARN.
ON_ALL |= {"sns:Publish"}
ON_ALL |= {f"elasticloadbalancing:Describe{what}" for what in ("Listeners", "Tags", "TargetGroupAttributes", "TargetGroups")}
ON_ALL |= {"ecs:DescribeTaskDefinition", "logs:DescribeLogGroups"}
TRUSTED = {"ecs-tasks", "scheduler", "events", "codebuild", "codepipeline"}
SECRET = re.compile(r"pass|secret|token|(?<!model_)key|auth", re.IGNORECASE)


def schedules_start_what_is_there(world: World) -> Iterator[str]:
    """Queue and definition exist, the newest revision is taken, times read, and what cannot be started is kept."""
    queue = world.outputs["queue"]
    definitions = {f"job-definition/{job['physical']}" for job in world.all("batch/jobDefinition:JobDefinition")}
    for schedule in world.all("scheduler/schedule:Schedule"):
        name, inputs = schedule["name"], schedule["inputs"]
        target = inputs["target"]
        started = json.loads(target["input"])
        if started.get("JobQueue") != queue:
            yield f"{name} submits to {started.get('JobQueue')}, which is not the queue"
        definition = str(started.get("JobDefinition")).partition(":job-definition/")[2]
        if f"job-definition/{definition}" not in definitions:
            yield f"{name} starts {definition}, which is not a definition without a revision"
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,128}", started.get("JobName", "")):
            yield f"{name} has a job name that AWS Batch does not take"
        if target["arn"] != "arn:aws:scheduler:::aws-sdk:batch:submitJob":
            yield f"{name} has a target that the scheduler does not know"
        if not re.fullmatch(r"rate\(\d+ (minutes?|hours?|days?)\)|cron\((\S+ ){5}\S+\)", inputs["scheduleExpression"]):
            yield f"{name} has no schedule: {inputs['scheduleExpression']}"
        if inputs["scheduleExpressionTimezone"] not in available_timezones():
            yield f"{name} has the timezone {inputs['scheduleExpressionTimezone']}"
        if target.get("retryPolicy", {}).get("maximumRetryAttempts", 185) > 5:
            yield f"{name} is tried again for a day"
        if "deadLetterConfig" not in target:
            yield f"{name} keeps nothing of what could not be started"


def programs_run_when_they_say(world: World) -> Iterator[str]:
    """Each schedule that a program declares is there, at its time and with its arguments; and no other."""
    made: dict[str, dict] = {schedule["name"]: schedule["inputs"] for schedule in world.all("scheduler/schedule:Schedule")}
    for name in {*world.jobs(), *world.tasks()}:
        for declared in world.specs[name].get("schedules", []):
            inputs = made.pop(f"mlops-{world.stack}-{name}-{declared['name']}", None)
            started = json.loads(inputs["target"]["input"]) if inputs else {}
            if inputs is None or inputs["scheduleExpression"] != declared["at"]:
                yield f"{name} is not started {declared['at']}"
            elif started.get("ContainerOverrides") != {"Command": declared["command"]}:
                yield f"{name} is started with {started.get('ContainerOverrides')}"
    yield from (f"{name} is no program's wish" for name in made)


def runs_do_not_overlap(world: World) -> Iterator[str]:
    """A job is ended before its schedule starts the next, and is ended at all."""
    interval = {"*": 3600}

    def minutes(field: str) -> int:
        return int(field.partition("/")[2] or 0) * 60

    for name, (definition, _) in world.jobs().items():
        seconds = definition.get("timeout", {}).get("attemptDurationSeconds", 0)
        if seconds < 60:
            yield f"{name} has no timeout that AWS Batch takes"
        for schedule in world.specs[name].get("schedules", []):
            cron = re.match(r"cron\((\S+) (\S+)", schedule["at"])
            every = minutes(cron[1]) or interval.get(cron[2], 86400) if cron else int(re.findall(r"\d+", schedule["at"])[0]) * 60
            if seconds >= every:
                yield f"{name} may run for {seconds:.0f} s and is started every {every} s"


def retries_are_those_of_the_program(world: World) -> Iterator[str]:
    """Exit codes are tried again as the program says, and nothing else is: without a last rule everything would be."""
    for name, (definition, _) in world.jobs().items():
        rules = definition["retryStrategy"]["evaluateOnExits"]
        if not 1 <= len(rules) <= 5 or not 1 <= definition["retryStrategy"]["attempts"] <= 10:
            yield f"{name} has {len(rules)} rules and {definition['retryStrategy']['attempts']} attempts"
        retried = {int(rule["onExitCode"]) for rule in rules if rule["action"] == "RETRY" and "onExitCode" in rule}
        if retried != {exit["code"] for exit in world.specs[name]["exits"] if exit["retry"]}:
            yield f"{name} tries {retried} again"
        if rules[-1] != {"action": "EXIT", "onReason": "*"}:
            yield f"{name} has no last rule for all other ends"


def buckets_keep_what_they_hold(world: World) -> Iterator[str]:
    """Versions, encryption, no public access, TLS, one notification at most; the model's goes to EventBridge."""
    for bucket in world.all("s3/bucket:Bucket"):
        name = bucket["physical"]

        def of(kind: str) -> list[dict]:
            return [resource["inputs"] for resource in world.all(kind) if resource["inputs"].get("bucket") == name]

        if not any(made["versioningConfiguration"]["status"] == "Enabled" for made in of("BucketVersioning")):
            yield f"{name} keeps no versions"
        if not of("BucketServerSideEncryptionConfiguration"):
            yield f"{name} is not encrypted"
        blocks = of("BucketPublicAccessBlock")
        wanted = ["blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"]
        if not blocks or not all(blocks[0].get(entry) for entry in wanted):
            yield f"{name} may be public"
        if not any("aws:SecureTransport" in made["policy"] for made in of("BucketPolicy")):
            yield f"{name} takes requests without TLS"
        notifications = of("BucketNotification")
        if len(notifications) > 1:
            yield f"{name} has two notifications, of which each undoes the other"
        if "-models-" in name and not any(made.get("eventbridge") for made in notifications):
            yield f"{name} tells nobody of an upload"


def the_pipeline_releases_what_was_uploaded(world: World) -> Iterator[str]:
    """V2, one at a time, no polling, the very version, and no step takes the pickle for a zip."""
    pipeline = world.pipeline()
    if pipeline.get("pipelineType") != "V2" or pipeline.get("executionMode") not in ("QUEUED", "SUPERSEDED"):
        yield "the pipeline is not of type V2, or runs releases side by side"
    namespaces: dict[str, int] = {}
    outputs: set[str] = set()
    for number, (_, action) in enumerate(world.actions()):
        configuration = action.get("configuration", {})
        for used in re.findall(r"#\{(\w+)\.", json.dumps(configuration)):
            if used not in namespaces:
                yield f"{action['name']} reads #{{{used}…}}, which no earlier action sets"
        for taken in action.get("inputArtifacts", []):
            if taken == "model":
                yield f"{action['name']} takes the model as an artifact, which CodeBuild would unzip"
            if taken not in outputs:
                yield f"{action['name']} takes {taken}, which no earlier action makes"
        if action["provider"] in ("S3", "CodeCommit") and configuration.get("PollForSourceChanges") != "false":
            yield f"{action['name']} polls"
        if action["provider"] == "CodeBuild":
            sent = {entry["name"]: entry["value"] for entry in json.loads(configuration["EnvironmentVariables"])}
            if sent.get("MODEL_VERSION_ID") != "#{Model.VersionId}":
                yield f"{action['name']} is not told the version of the model"
            if len(action["inputArtifacts"]) > 1 and "PrimarySource" not in configuration:
                yield f"{action['name']} has several inputs and no first one"
        if "namespace" in action:
            namespaces[action["namespace"]] = number
        outputs |= set(action.get("outputArtifacts", []))
    [source] = [action for _, action in world.actions() if action["provider"] == "S3"]
    targets = [
        target["inputs"] for target in world.all("cloudwatch/eventTarget:EventTarget") if "inputTransformer" in target["inputs"]
    ]
    rules = {rule["physical"]: json.loads(rule["inputs"]["eventPattern"]) for rule in world.all("cloudwatch/eventRule:EventRule")}
    if not targets:
        yield "an upload starts no release with its own version"
    for target in targets:
        detail = rules[target["rule"]]["detail"]
        if detail["object"]["key"] != [source["configuration"]["S3ObjectKey"]] or detail["bucket"]["name"] != [
            source["configuration"]["S3Bucket"]
        ]:
            yield "the rule listens for another object than the pipeline takes"
        template = json.loads(target["inputTransformer"]["inputTemplate"])
        revision = template.get("sourceRevisions", [{}])[0]
        if revision.get("actionName") != source["name"] or revision.get("revisionType") != "S3_OBJECT_VERSION_ID":
            yield "the rule hands on no version, or for an action that is not there"
        if target["inputTransformer"]["inputPaths"].get("version") != "$.detail.object.version-id":
            yield "the rule reads the version from a place where it is not"
        if "deadLetterConfig" not in target:
            yield "an upload whose release did not start is forgotten"


def a_gate_stands_before_deployment(world: World) -> Iterator[str]:
    """Between building and deploying, with an alarm before it; what does not get well is taken back."""
    stages = {stage["name"]: stage for stage in world.pipeline()["stages"]}
    names = list(stages)
    if names != ["Source", "Build", "Gate", "Deploy"]:
        yield f"the stages are {names}"
        return
    if stages["Gate"].get("beforeEntry", {}).get("condition", {}).get("result") != "FAIL":
        yield "a release starts while production is not well"
    if not any(action["provider"] == "CodeBuild" for action in stages["Gate"]["actions"]):
        yield "no model is compared with the one in production"
    deploy = stages["Deploy"]
    if (
        deploy.get("onFailure", {}).get("result") != "ROLLBACK"
        or deploy.get("onSuccess", {}).get("condition", {}).get("result") != "ROLLBACK"
    ):
        yield "a release that fails, or does not get well, stays"
    projects = {project["physical"]: project["inputs"] for project in world.all("codebuild/project:Project")}
    for action in deploy["actions"]:
        if projects[action["configuration"]["ProjectName"]]["environment"]["privilegedMode"]:
            yield f"{action['name']} deploys with Docker's rights"
    alarms = {alarm["physical"] for alarm in world.all("cloudwatch/metricAlarm:MetricAlarm")}
    for rule in [
        *stages["Gate"].get("beforeEntry", {}).get("condition", {}).get("rules", []),
        *deploy.get("onSuccess", {}).get("condition", {}).get("rules", []),
    ]:
        if rule["configuration"]["AlarmName"] not in alarms:
            yield f"the rule {rule['name']} looks at an alarm that is not there"


def rights_are_narrow(world: World) -> Iterator[str]:
    """No `*` but where AWS has nothing narrower; roles are handed on to named services only, and taken by those they are for."""
    for name, policy in world.policies():
        if not policy["Statement"]:
            yield f"{name} says nothing, which IAM does not take"
        texts = [statement["Effect"] for statement in policy["Statement"] if statement["Action"] == "sns:Publish"]
        if "Allow" in texts and "Deny" not in texts and name.startswith("aws:iam"):
            yield f"{name} may publish to topics, and is meant to send texts"
        for statement in policy["Statement"]:
            if statement["Effect"] != "Allow" or "kms/key" in name:
                continue
            actions = listed(statement["Action"])
            wild = [action for action in actions if "*" in action]
            if wild:
                yield f"{name} allows {wild}"
            if "*" in listed(statement.get("Resource", [])) and not set(actions) <= ON_ALL:
                yield f"{name} allows {actions} on everything"
            if "iam:PassRole" in actions and "iam:PassedToService" not in json.dumps(statement.get("Condition", {})):
                yield f"{name} may hand roles to any service"
            if "Principal" in statement and "*" in json.dumps(statement["Principal"]):
                yield f"{name} is open to all"
            if name.startswith("aws:iam/role:Role"):
                service = str(statement["Principal"]["Service"]).removesuffix(".amazonaws.com")
                if service not in TRUSTED or "aws:SourceAccount" not in json.dumps(statement.get("Condition", {})):
                    yield f"{name} is taken by {service}, or for any account"
    for job, (_, properties) in world.jobs().items():
        role = properties["jobRoleArn"].rpartition("/")[2]
        [made] = [role_ for role_ in world.all("iam/role:Role") if role_["physical"] == role]
        if "ecs-tasks" not in made["inputs"]["assumeRolePolicy"]:
            yield f"the role of {job} is not for containers"


def the_scheduler_may_start_its_jobs(world: World) -> Iterator[str]:
    """On the queue, and on the definition of every revision: the name alone is not enough."""
    roles = {role["physical"]: role["name"] for role in world.all("iam/role:Role")}
    for schedule in world.all("scheduler/schedule:Schedule"):
        target = schedule["inputs"]["target"]
        role = roles[target["roleArn"].rpartition("/")[2]]
        policy = json.loads(world.named("iam/rolePolicy:RolePolicy", role)["inputs"]["policy"])
        [allowed] = [
            listed(statement["Resource"]) for statement in policy["Statement"] if statement["Action"] == "batch:SubmitJob"
        ]
        started = json.loads(target["input"])
        if started["JobQueue"] not in allowed or f"{started['JobDefinition']}:*" not in allowed:
            yield f"{schedule['name']} may not submit its job"


def roles_have_what_programs_ask_for(world: World) -> Iterator[str]:
    """No action more than a program declares, none less where its variable is set, and only things of this system."""
    for job in world.jobs():
        spec = world.specs[job]
        environment = world.environment(job)
        policy = json.loads(world.named("iam/rolePolicy:RolePolicy", f"mlops-{world.stack}-{job}")["inputs"]["policy"])
        allowed = {
            action
            for statement in policy["Statement"]
            if statement["Effect"] == "Allow"
            for action in listed(statement["Action"])
        }

        def is_needed(grant: dict) -> bool:
            value = environment.get(grant["variable"])
            outside = grant["on"] in ("bucket", "object") and not str(value).startswith("s3://")
            return value is not None and not outside and ("when" not in grant or grant["when"] in environment)

        needed = {grant["action"] for grant in spec["grants"] if is_needed(grant)}
        if allowed != needed:
            yield f"{job} may {sorted(allowed - needed)} too much, and lacks {sorted(needed - allowed)}"
        for statement in policy["Statement"]:
            for resource in listed(statement["Resource"]) if statement["Effect"] == "Allow" else []:
                if resource != "*" and f"mlops-{world.stack}" not in resource:
                    yield f"{job} may touch {resource}, which is not of this stack"


def only_a_release_replaces_the_model(world: World) -> Iterator[str]:
    """The role that promotes writes the model in production; jobs that write beside it are denied it by name."""
    production = world.outputs["production_model"]
    for name, policy in world.policies():
        if not name.startswith("aws:iam/rolePolicy"):
            continue
        writes = denied = False
        for statement in policy["Statement"]:
            for pattern in listed(statement["Resource"]):
                matches = re.fullmatch(re.escape(pattern).replace(r"\*", ".*"), production) and "s3:PutObject" in listed(
                    statement["Action"]
                )
                writes |= bool(matches) and statement["Effect"] == "Allow"
                denied |= bool(matches) and statement["Effect"] == "Deny"
        if writes and not denied and not name.endswith(f"mlops-{world.stack}-deploy"):
            yield f"{name} may replace the model in production"


def secrets_are_nowhere_to_read(world: World) -> Iterator[str]:
    """No plain variable that is a secret, no address with a password, no password in the state."""
    for job, properties in world.containers():
        secret = set(world.specs[job]["secrets"])
        environment = plain(properties)
        # The name of a secret is none; the program looks it up.
        names = {grant["variable"] for grant in world.specs[job]["grants"] if grant["on"] == "secret"}
        for name, value in environment.items():
            if re.search(r"://[^/@]*:[^/@]+@", value):
                yield f"{job} has a password in {name}"
            # The address of the database shows where the password comes apart from it.
            elif (name in secret and name != "MLOPS_DATABASE") or (SECRET.search(name) and name not in names):
                yield f"{job} has the secret {name} in plain"
        if "MLOPS_DATABASE" in environment and "MLOPS_DATABASE_PASSWORD" not in {
            entry["name"] for entry in properties["secrets"]
        }:
            yield f"{job} has the address of the database, and no password"
        for entry in properties["secrets"]:
            if entry["name"] not in secret or not entry["valueFrom"].startswith("arn:aws:secretsmanager:"):
                yield f"{job} takes {entry['name']} from {entry['valueFrom']}"
    for database in world.all("rds/instance:Instance"):
        if not database["inputs"].get("manageMasterUserPassword") or "password" in database["inputs"]:
            yield "the password of the database is in Pulumi's state"


def containers_are_what_fargate_takes(world: World) -> Iterator[str]:
    """Sizes, roles, digests, architecture, a read-only root, a user of its own, a log that ends some day."""
    for job, (definition, properties) in world.jobs().items():
        need = {entry["type"]: float(entry["value"]) for entry in properties["resourceRequirements"]}
        if need != {"VCPU": world.specs[job]["cpu_units"] / 1024, "MEMORY": world.specs[job]["memory_mib"]}:
            yield f"{job} has another size than it asks for"
        if (
            not properties.get("jobRoleArn")
            or not properties.get("executionRoleArn")
            or properties["jobRoleArn"] == properties["executionRoleArn"]
        ):
            yield f"{job} lacks a role, or has one for two purposes"
        if properties["runtimePlatform"]["cpuArchitecture"] != world.outputs["architecture"]:
            yield f"{job} runs on another architecture than is built for"
        if (properties["networkConfiguration"]["assignPublicIp"] == "ENABLED") != world.outputs["assign_public_ip"]:
            yield f"{job} has, or lacks, a public address"
        forbidden = {"ulimits", "privileged", "vcpus", "memory", "instanceType"} & properties.keys()
        if forbidden or "tmpfs" in properties.get("linuxParameters", {}):
            yield f"{job} has {forbidden}, which Fargate refuses"
        if any(name.startswith("AWS_BATCH") for name in world.environment(job)):
            yield f"{job} sets a variable that is AWS Batch's own"
        if definition["platformCapabilities"] != ["FARGATE"] or len(definition["containerProperties"]) > 8192:
            yield f"{job} is not for Fargate, or is too long"


def containers_change_nothing_of_their_own(world: World) -> Iterator[str]:
    """An image by its digest, a read-only root, a user of its own, a log that ends some day; of jobs and of services."""
    groups = {group["physical"]: group["inputs"] for group in world.all("logGroup:LogGroup")}
    for name, properties in world.containers():
        if not re.search(r"@sha256:[0-9a-f]{64}$", properties["image"]):
            yield f"{name} has an image that may change: {properties['image']}"
        if properties.get("readonlyRootFilesystem") is not True or properties.get("user", "root").split(":")[0] in ("root", "0"):
            yield f"{name} may write to its own files, or is root"
        log = groups.get(properties["logConfiguration"]["options"]["awslogs-group"])
        if log is None or not log.get("retentionInDays"):
            yield f"{name} logs to a group that is not there, or that keeps all for ever"


def the_network_lets_nothing_in(world: World) -> Iterator[str]:
    """No open port; the database for jobs only; the endpoints that containers without a way out need, by their own names."""
    for rule in world.all("vpc/securityGroupIngressRule:SecurityGroupIngressRule"):
        if rule["inputs"].get("cidrIpv4") == "0.0.0.0/0" or rule["inputs"].get("cidrIpv6") == "::/0":
            yield f"{rule['name']} is open to all"
        if (
            rule["inputs"].get("fromPort") == 3306
            and rule["inputs"].get("referencedSecurityGroupId") != world.outputs["security_group"]
        ):
            yield f"{rule['name']} lets others than jobs to the database"
    for group in world.all("ec2/securityGroup:SecurityGroup"):
        if "ingress" in group["inputs"]:
            yield f"{group['name']} has rules inside, which undo those beside it"
    if world.outputs["assign_public_ip"]:
        return
    endpoints = {
        endpoint["inputs"]["serviceName"].split(".", 3)[3]: endpoint["inputs"]
        for endpoint in world.all("vpcEndpoint:VpcEndpoint")
    }
    services = {grant["action"].partition(":")[0] for spec in world.specs.values() for grant in spec["grants"]}
    for service in sorted({"ecr.api", "ecr.dkr", "logs", "s3", "dynamodb", "secretsmanager"} | services):
        if service not in endpoints:
            yield f"containers do not reach {service}"
    for service, endpoint in endpoints.items():
        if endpoint["vpcEndpointType"] == "Interface" and not endpoint.get("privateDnsEnabled"):
            yield f"the endpoint of {service} is not found by the service's name"


def somebody_is_told(world: World) -> Iterator[str]:
    """Failures and silence reach the topic, which takes them: its key is our own, and its policy allows both speakers."""
    queue, topic = world.outputs["queue"], world.outputs["topic"]
    patterns = {
        rule["physical"]: json.loads(rule["inputs"]["eventPattern"]) for rule in world.all("cloudwatch/eventRule:EventRule")
    }
    told = {target["inputs"]["rule"] for target in world.all("eventTarget:EventTarget") if target["inputs"]["arn"] == topic}
    failed = [name for name, pattern in patterns.items() if pattern.get("detail", {}).get("status") == ["FAILED"]]
    if not failed or patterns[failed[0]]["detail"].get("jobQueue") != [queue] or failed[0] not in told:
        yield "nobody hears of a failed job, or of jobs of all queues"
    key = world.one("sns/topic:Topic")["inputs"].get("kmsMasterKeyId", "")
    if not key or "alias/aws" in key:
        yield "the topic has AWS's key, with which no event arrives"
    for kind in ("sns/topicPolicy:TopicPolicy", "kms/key:Key"):
        if not {"events.amazonaws.com", "cloudwatch.amazonaws.com"} <= set(
            re.findall(r"\w+\.amazonaws\.com", world.one(kind)["inputs"]["policy"])
        ):
            yield f"{kind} keeps events or alarms out"
    silent = {
        alarm["inputs"]["dimensions"]["job"]: alarm["inputs"]
        for alarm in world.all("MetricAlarm")
        if "job" in alarm["inputs"].get("dimensions", {})
    }
    for schedule in world.all("scheduler/schedule:Schedule"):
        definition = json.loads(schedule["inputs"]["target"]["input"])["JobDefinition"].rpartition("/")[2]
        [made] = [found for found in world.all("JobDefinition") if found["physical"] == definition]
        job = made["name"].removeprefix(f"mlops-{world.stack}-")
        runs = schedule["inputs"]["state"] == "ENABLED"
        if runs and silent.get(job, {}).get("treatMissingData") != "breaching":
            yield f"nobody hears that {job} is never started"
        if runs and world.environment(job).get("MLOPS_METRICS") != "true":
            yield f"{job} does not say that it completed"
    for alarm in world.all("metricAlarm:MetricAlarm"):
        if alarm["inputs"].get("evaluationPeriods", 1) * alarm["inputs"].get("period", 0) > 86400:
            yield f"{alarm['name']} looks back further than CloudWatch does"


def tables_have_their_keys_and_no_more(world: World) -> Iterator[str]:
    """An attribute that is no key makes a difference at every update; lost items come back from the last 35 days."""
    for table in world.all("dynamodb/table:Table"):
        inputs = table["inputs"]
        keys = {inputs["hashKey"], inputs.get("rangeKey")} - {None}
        if {attribute["name"] for attribute in inputs["attributes"]} != keys:
            yield f"{table['name']} declares attributes that are no keys"
        if not inputs.get("pointInTimeRecovery", {}).get("enabled"):
            yield f"{table['name']} cannot be taken back"
    if "etl-dynamo" in world.jobs():
        environment = world.environment("etl-dynamo")
        names = {f"dynamodb://{table['physical']}" for table in world.all("dynamodb/table:Table")}
        if {environment["MLOPS_TABLE"], environment["ETL_WATERMARK_TABLE"]} != names:
            yield "etl-dynamo writes to tables that are not there"


def what_keeps_data_is_protected(world: World) -> Iterator[str]:
    """In production a slip deletes nothing; and what is replaced has no name that stands in its successor's way."""
    environment = world.one("batch/computeEnvironment:ComputeEnvironment")["inputs"]
    if "name" in environment or "tags" in environment["computeResources"]:
        yield "the compute environment has a name of its own, or tags, and cannot be replaced"
    if world.stack != "prod":
        return
    for kind in ("rds/instance:Instance", "dynamodb/table:Table", "s3/bucket:Bucket"):
        for resource in world.all(kind):
            if not resource["options"].get("protect") and "artifacts" not in resource["name"]:
                yield f"{resource['name']} goes with the stack"
    for database in world.all("rds/instance:Instance"):
        wanted = database["inputs"]
        if (
            not wanted.get("storageEncrypted")
            or not wanted.get("deletionProtection")
            or wanted.get("publiclyAccessible")
            or not wanted.get("backupRetentionPeriod")
        ):
            yield f"{database['name']} is open, unencrypted, without backups, or deleted by a word"


def images_are_one_a_program(world: World) -> Iterator[str]:
    """Program, target of the bake file, and repository, one to one; tags never move."""
    programs = set(world.specs)
    matrix = re.search(r"program = \[(.*?)\]", world.images, re.DOTALL)
    baked = set(re.findall(r'"([a-z-]+)"', matrix[1] if matrix else ""))
    repositories = {repository["inputs"]["name"].rpartition("/")[2] for repository in world.all("ecr/repository:Repository")}
    if not programs == baked == repositories:
        yield f"programs {sorted(programs)}, images {sorted(baked)}, repositories {sorted(repositories)}"
    if (
        {name for name, _ in world.containers()} - programs
        or "type=sbom" not in world.images
        or "type=provenance,mode=max" not in world.images
    ):
        yield "a job has no program, or images do not say what is in them"
    for repository in world.all("ecr/repository:Repository"):
        if (
            repository["inputs"].get("imageTagMutability") != "IMMUTABLE"
            or not repository["inputs"]["imageScanningConfiguration"]["scanOnPush"]
        ):
            yield f"{repository['name']} has tags that move, or is not looked through"


def the_image_holds_a_program_and_no_more(world: World) -> Iterator[str]:
    """From nothing, not root, started without a shell, the model last, no secret among what is built in; made by what never changes."""
    stages = re.split(r"^FROM ", world.dockerfile, flags=re.MULTILINE)[1:]
    program = next((stage for stage in stages if stage.splitlines()[0].endswith(" AS program")), "")
    if not program.startswith("scratch "):
        yield "an image holds more than the program"
    if not re.search(r"^USER [1-9]\d*:[1-9]\d*$", program, re.MULTILINE) or not re.search(
        r"^USER [1-9]", stages[-1], re.MULTILINE
    ):
        yield "a program runs as root"
    if not re.search(r"^ENTRYPOINT \[", program, re.MULTILINE):
        yield "a program is started by a shell, which takes its signals"
    arguments = dict(re.findall(r"^ARG (\w+)=(\S+)$", world.dockerfile, re.MULTILINE))
    made_here = {"scratch", *re.findall(r"^FROM \S+ AS (\S+)$", world.dockerfile, re.MULTILINE)}
    for base in re.findall(r"^FROM (\S+)", world.dockerfile, re.MULTILINE):
        named = re.sub(r"\$\{(\w+)\}", lambda found: arguments.get(found[1], ""), base)
        if named not in made_here and not re.search(r"@sha256:[0-9a-f]{64}$", named):
            yield f"{named} may be another base tomorrow"
    tested_with = yaml.safe_load(world.buildspec)["env"]["variables"]["RUST_VERSION"]
    if not arguments.get("RUST_IMAGE", "").startswith(f"rust:{tested_with}-") or "RUST_IMAGE" in world.images:
        yield "images are compiled by another Rust than the tests"
    if re.search(r"^\s*(ARG|ENV) \w*(PASSWORD|SECRET|TOKEN)", world.dockerfile, re.MULTILINE):
        yield "an image holds a secret"
    instructions = re.findall(r"^(COPY|RUN|ADD) .*$", stages[-1], re.MULTILINE)
    copies = re.findall(r"^COPY .*$", stages[-1], re.MULTILINE)
    if not instructions or not copies or "model.pkl" not in copies[-1]:
        yield "the model is not the last layer"


def the_build_publishes_nothing_untested(world: World) -> Iterator[str]:
    """Nothing is pushed after a failure; the model is the version that was named; the report is where nextest writes it."""
    spec = yaml.safe_load(world.buildspec)
    if str(spec["version"]) != "0.2":
        yield "the buildspec is not of version 0.2"
    phases = spec["phases"]
    late = " ".join(phases.get("post_build", {}).get("commands", []))
    if re.search(r"push|deploy|pulumi", late) and "CODEBUILD_BUILD_SUCCEEDING" not in late:
        yield "images are pushed after a build that failed"
    for name, phase in phases.items():
        if phase.get("on-failure") != "ABORT":
            yield f"{name} goes on after a failure"
    commands = [command for phase in phases.values() for command in phase["commands"]]

    def place(word: str) -> int:
        return next((number for number, command in enumerate(commands) if word in command), -1)

    order = [place("-delete"), place("fetch-model.sh"), place("check-model.sh"), place("nextest"), place("push-images.sh")]
    if -1 in order or order != sorted(order):
        yield f"the build lacks a step, or has them in another order: {order}"
    if '"$MODEL_VERSION_ID"' not in commands[place("fetch-model.sh")]:
        yield "the model is not fetched by its version"
    if spec["reports"]["tests"]["files"] != ["target/nextest/ci/junit.xml"] or "--profile ci" not in commands[place("nextest")]:
        yield "the report is not where the tests write it"


def names_are_told_apart(world: World) -> Iterator[str]:
    """Two of a kind with one name would be two things for Pulumi, and for AWS one after the other."""
    seen: set[tuple[str, str]] = set()
    for resource in world.resources:
        known = (resource["type"], resource["physical"])
        if known in seen:
            yield f"there are two of {known}"
        seen.add(known)


RULES = [
    names_are_told_apart,
    schedules_start_what_is_there,
    programs_run_when_they_say,
    runs_do_not_overlap,
    retries_are_those_of_the_program,
    buckets_keep_what_they_hold,
    the_pipeline_releases_what_was_uploaded,
    a_gate_stands_before_deployment,
    rights_are_narrow,
    the_scheduler_may_start_its_jobs,
    roles_have_what_programs_ask_for,
    only_a_release_replaces_the_model,
    secrets_are_nowhere_to_read,
    containers_are_what_fargate_takes,
    containers_change_nothing_of_their_own,
    the_network_lets_nothing_in,
    somebody_is_told,
    tables_have_their_keys_and_no_more,
    what_keeps_data_is_protected,
    images_are_one_a_program,
    the_image_holds_a_program_and_no_more,
    the_build_publishes_nothing_untested,
    *RULES_OF_SERVICES,
]
