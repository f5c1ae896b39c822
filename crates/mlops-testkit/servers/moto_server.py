"""moto, with a compute environment and the job definition `retrain` of AWS Batch. moto_server.py PORT

There are no containers: a job stays as it was submitted. The text messages of SNS are at /moto-api/texts.
"""

import json
import sys

from moto.batch.models import batch_backends
from moto.core import DEFAULT_ACCOUNT_ID
from moto.iam.models import iam_backends
from moto.moto_api import state_manager
from moto.moto_api._internal import urls
from moto.server import main
from moto.sns.models import sns_backends

iam = iam_backends[DEFAULT_ACCOUNT_ID]["aws"]
role = iam.create_role("batch", "{}", "/", None, "", {}, 3600)
batch = batch_backends[DEFAULT_ACCOUNT_ID]["us-east-1"]
batch.create_compute_environment("tests", "UNMANAGED", "ENABLED", None, role.arn)
batch.register_job_definition(
    def_name="retrain",
    parameters={},
    _type="container",
    tags={},
    retry_strategy={},
    container_properties={"image": "retrain", "vcpus": 1, "memory": 512},
    node_properties=None,
    timeout={},
    platform_capabilities=[],
    propagate_tags=False,
    eks_properties=None,
)
state_manager.set_transition("batch::job", {"progression": "manual", "times": 10**9})


def texts(request, full_url, headers):
    sent = sns_backends[DEFAULT_ACCOUNT_ID]["us-east-1"].sms_messages
    return 200, {}, json.dumps(list(sent.values()))


urls.url_paths["{0}/moto-api/texts$"] = texts
main(["-H", "127.0.0.1", "-p", sys.argv[1]])
