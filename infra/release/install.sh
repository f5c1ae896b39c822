#!/usr/bin/env bash
# What a build needs and the image of CodeBuild lacks, reached by way of BIN (/usr/local/bin).
set -euo pipefail

curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh -s -- -y --profile minimal --component clippy --default-toolchain "$RUST_VERSION"
ln -sf "$HOME"/.cargo/bin/* "${BIN:-/usr/local/bin}"
cargo install cargo-nextest --version 0.9.151 --locked

# Attestations and a cache in the registry need a builder of their own.
case $(uname -m) in aarch64) machine=arm64 ;; *) machine=amd64 ;; esac
plugins=$HOME/.docker/cli-plugins
mkdir -p "$plugins"
curl -fsSL "https://github.com/docker/buildx/releases/download/$BUILDX_VERSION/buildx-$BUILDX_VERSION.linux-$machine" -o "$plugins/docker-buildx"
chmod +x "$plugins/docker-buildx"
docker buildx create --use --driver docker-container
