"""Who is told when something is wrong with the machinery; what is wrong with the model, the programs tell themselves."""

import pulumi
import pulumi_aws as aws

from stacks.policies import document

# What may speak to the topic.
SPEAKERS = ["events.amazonaws.com", "cloudwatch.amazonaws.com"]


class Notifications(pulumi.ComponentResource):
    """A topic with a key of its own: with AWS's default key no event and no alarm would arrive, silently."""

    def __init__(self, name: str, account: str, emails: list[str], opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops:platform:Notifications", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        self.key = aws.kms.Key(
            name,
            description="Notifications of the jobs",
            enable_key_rotation=True,
            policy=document(
                [
                    {
                        "Effect": "Allow",
                        "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
                        "Action": "kms:*",
                        "Resource": "*",
                    },
                    {
                        "Effect": "Allow",
                        "Principal": {"Service": SPEAKERS},
                        "Action": ["kms:Decrypt", "kms:GenerateDataKey*"],
                        "Resource": "*",
                        "Condition": {"StringEquals": {"aws:SourceAccount": account}},
                    },
                ]
            ),
            opts=child,
        )
        self.topic = aws.sns.Topic(name, kms_master_key_id=self.key.id, opts=child)

        def policy(topic: str) -> str:
            return document(
                [
                    {
                        "Effect": "Allow",
                        "Principal": {"Service": SPEAKERS},
                        "Action": "sns:Publish",
                        "Resource": topic,
                        "Condition": {"StringEquals": {"aws:SourceAccount": account}},
                    }
                ]
            )

        aws.sns.TopicPolicy(name, arn=self.topic.arn, policy=self.topic.arn.apply(policy), opts=child)
        for number, email in enumerate(emails):
            aws.sns.TopicSubscription(f"{name}-{number}", topic=self.topic.arn, protocol="email", endpoint=email, opts=child)
        self.register_outputs({})


def tell(
    name: str, pattern: pulumi.Input[str], topic: pulumi.Input[str], description: str, parent: pulumi.Resource
) -> aws.cloudwatch.EventRule:
    """Sends events that fit `pattern` to the topic."""
    rule = aws.cloudwatch.EventRule(
        name, event_pattern=pattern, description=description, opts=pulumi.ResourceOptions(parent=parent)
    )
    aws.cloudwatch.EventTarget(name, rule=rule.name, arn=topic, opts=pulumi.ResourceOptions(parent=rule))
    return rule
