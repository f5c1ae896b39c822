"""Runs a stack's program without AWS, and prints what it would make: record.py PROJECT STACK [SPECS].

Each resource is an object with `type`, `name` (of Pulumi), `options` and `inputs`; outputs that others need are made up.
"""

import json
import runpy
import sys
from pathlib import Path
from typing import Any

import pulumi
import yaml
from pulumi.runtime import mocks

INFRA = Path(__file__).parent.parent
ACCOUNT, REGION = "111122223333", "eu-central-1"
ARNS = {
    "aws:s3/bucket:Bucket": "arn:aws:s3:::{name}",
    "aws:iam/role:Role": f"arn:aws:iam::{ACCOUNT}:role{{path}}{{name}}",
    "aws:dynamodb/table:Table": f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{{name}}",
    "aws:ecr/repository:Repository": f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/{{name}}",
    "aws:batch/computeEnvironment:ComputeEnvironment": f"arn:aws:batch:{REGION}:{ACCOUNT}:compute-environment/{{name}}",
    "aws:batch/jobQueue:JobQueue": f"arn:aws:batch:{REGION}:{ACCOUNT}:job-queue/{{name}}",
    "aws:batch/jobDefinition:JobDefinition": f"arn:aws:batch:{REGION}:{ACCOUNT}:job-definition/{{name}}:7",
    "aws:cloudwatch/logGroup:LogGroup": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{{name}}",
    "aws:cloudwatch/metricAlarm:MetricAlarm": f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:{{name}}",
    "aws:cloudwatch/eventRule:EventRule": f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{{name}}",
    "aws:codebuild/project:Project": f"arn:aws:codebuild:{REGION}:{ACCOUNT}:project/{{name}}",
    "aws:codepipeline/pipeline:Pipeline": f"arn:aws:codepipeline:{REGION}:{ACCOUNT}:{{name}}",
    "aws:codeconnections/connection:Connection": f"arn:aws:codeconnections:{REGION}:{ACCOUNT}:connection/{{name}}",
    "aws:sns/topic:Topic": f"arn:aws:sns:{REGION}:{ACCOUNT}:{{name}}",
    "aws:sqs/queue:Queue": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{{name}}",
    "aws:kms/key:Key": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{{name}}",
    "aws:ecs/cluster:Cluster": f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/{{name}}",
}
DATABASE_SECRET = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:rds!db-1a2b3c4d-AbCdEf"


class Recorder(mocks.Mocks):
    def __init__(self, references: dict[str, Any]) -> None:
        self.resources: list[dict[str, Any]] = []
        self.references = references

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[Any, Any]]:
        if args.typ == "pulumi:pulumi:StackReference":
            return args.name, {"name": args.name, "outputs": self.references, "secretOutputNames": []}
        if not args.custom:
            return "", args.inputs
        # As Pulumi names what has no name of its own.
        prefix = args.inputs.get("namePrefix")
        name = args.inputs.get("name") or (f"{prefix}1a2b3c4" if prefix else f"{args.name}-1a2b3c4")
        self.resources.append({"type": args.typ, "name": args.name, "physical": name, "inputs": args.inputs})
        arn = ARNS.get(args.typ, f"arn:aws:other:{REGION}:{ACCOUNT}:{{name}}").format(
            name=name, path=args.inputs.get("path", "/")
        )
        state = {**args.inputs, "name": name, "arn": arn}
        match args.typ:
            case "aws:s3/bucket:Bucket":
                state["bucket"] = name
            case "aws:batch/jobDefinition:JobDefinition":
                state["arnPrefix"] = arn.rpartition(":")[0]
            case "aws:ecr/repository:Repository":
                state["repositoryUrl"] = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{name}"
            case "aws:rds/instance:Instance":
                state["endpoint"] = f"{name}.abc.{REGION}.rds.amazonaws.com:3306"
                state["masterUserSecrets"] = [{"secretArn": DATABASE_SECRET}]
            case "aws:sqs/queue:Queue":
                state["url"] = f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{name}"
            case "aws:lb/loadBalancer:LoadBalancer":
                state["dnsName"] = f"{name}.elb.amazonaws.com"
            case _:
                pass
        # The id of what has a name is its name; of what is found by an ARN, that.
        return name, state

    def call(self, args: mocks.MockCallArgs) -> dict[Any, Any]:
        if args.token == "aws:index/getCallerIdentity:getCallerIdentity":
            return {"accountId": ACCOUNT, "arn": "", "userId": "", "id": ACCOUNT}
        if args.token == "aws:index/getRegion:getRegion":
            return {"region": REGION, "name": REGION, "id": REGION, "endpoint": "", "description": ""}
        raise NotImplementedError(args.token)


def record(project: str, stack: str, references: dict[str, Any], specs: Path | None = None) -> dict[str, Any]:
    """What the program makes, and what it exports."""
    config = yaml.safe_load((INFRA / project / f"Pulumi.{stack}.yaml").read_text())["config"]
    text = {key: value if isinstance(value, str) else json.dumps(value) for key, value in config.items()}
    recorder = Recorder(references)
    options: dict[str, dict[str, Any]] = {}
    mocks.set_mocks(recorder, project=project, stack=stack, preview=False)
    pulumi.runtime.set_all_config(text)
    exported: dict[str, Any] = {}
    real_export = pulumi.export
    pulumi.export = exported.__setitem__
    real = pulumi.CustomResource.__init__

    def spy(
        self: pulumi.CustomResource,
        t: str,
        name: str,
        props: Any = None,
        opts: pulumi.ResourceOptions | None = None,
        *rest: Any,
        **more: Any,
    ) -> None:
        if opts is not None:
            options[f"{t} {name}"] = {"protect": bool(opts.protect), "retain": bool(opts.retain_on_delete)}
        real(self, t, name, props, opts, *rest, **more)

    pulumi.CustomResource.__init__ = spy
    if specs:
        import stacks.programs

        stacks.programs.SPECS = specs

    outputs: dict[str, Any] = {}

    @pulumi.runtime.test
    def run() -> pulumi.Output[Any]:
        runpy.run_path(str(INFRA / project / "__main__.py"))
        return pulumi.Output.all(**exported).apply(outputs.update)

    run()
    pulumi.export = real_export
    for resource in recorder.resources:
        resource["options"] = options.get(f"{resource['type']} {resource['name']}", {})
    return {"resources": recorder.resources, "outputs": outputs}


if __name__ == "__main__":
    sys.path.insert(0, str(INFRA))
    project, stack, *rest = sys.argv[1:]
    references = json.loads(sys.stdin.read() or "{}")
    print(json.dumps(record(project, stack, references, Path(rest[0]) if rest else None)))
