#!/usr/bin/env bash
# Puts Pulumi into BIN (/usr/local/bin), and opens the state of the stacks.
set -euo pipefail

case $(uname -m) in aarch64) machine=arm64 ;; *) machine=x64 ;; esac
curl -fsSL "https://get.pulumi.com/releases/sdk/pulumi-v$PULUMI_VERSION-linux-$machine.tar.gz" |
  tar -xz -C "${BIN:-/usr/local/bin}" --strip-components 1
pulumi login "s3://$STATE_BUCKET"
