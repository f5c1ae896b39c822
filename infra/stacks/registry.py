"""Where images are kept."""

import json

import pulumi
import pulumi_aws as aws

# An image that was built and never released goes; what is deployed is tagged `released-…` by the release.
LIFECYCLE = {
    "rules": [
        {
            "rulePriority": 1,
            "description": "images that were released stay, the last fifty of them",
            "selection": {
                "tagStatus": "tagged",
                "tagPrefixList": ["released-"],
                "countType": "imageCountMoreThan",
                "countNumber": 50,
            },
            "action": {"type": "expire"},
        },
        {
            "rulePriority": 2,
            "description": "others go after two weeks",
            "selection": {
                "tagStatus": "tagged",
                "tagPrefixList": ["build-"],
                "countType": "sinceImagePushed",
                "countUnit": "days",
                "countNumber": 14,
            },
            "action": {"type": "expire"},
        },
    ]
}


class ImageRepositories(pulumi.ComponentResource):
    """A repository for each program, whose tags never move."""

    def __init__(self, name: str, programs: list[str], opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops:platform:ImageRepositories", name, None, opts)
        self.repositories: dict[str, aws.ecr.Repository] = {}
        for program in programs:
            repository = aws.ecr.Repository(
                f"{name}-{program}",
                # One prefix for all, as the build names them; a release finds them by it.
                name=f"{name}/{program}",
                image_tag_mutability="IMMUTABLE",
                image_scanning_configuration={"scan_on_push": True},
                encryption_configurations=[{"encryption_type": "AES256"}],
                opts=pulumi.ResourceOptions(parent=self),
            )
            aws.ecr.LifecyclePolicy(
                f"{name}-{program}",
                repository=repository.name,
                policy=json.dumps(LIFECYCLE),
                opts=pulumi.ResourceOptions(parent=repository),
            )
            self.repositories[program] = repository
        self.register_outputs({})
