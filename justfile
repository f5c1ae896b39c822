# A year of a model's life on this machine
demo *ARGUMENTS:
    ./demo.sh {{ARGUMENTS}}

# All tests, over real servers that they start themselves
test:
    cargo test --workspace

# What CI checks beside the tests
lint:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets --locked -- -D warnings
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --locked

# What the programs say of themselves, for infra/
specs:
    cargo build --workspace --bins --locked
    python3 infra/specs.py target/debug

# All images, with Docker; TAG and REGISTRY name them
images *ARGUMENTS:
    docker buildx bake --file docker/docker-bake.hcl {{ARGUMENTS}}

# docs/reference/, from the programs' help and the database's tables
reference:
    MLOPS_WRITE_REFERENCE=1 cargo test --workspace --test e2e -- reference::

# Reference values of the statistics again, in an environment with scipy and mpmath
golden:
    python3 crates/mlops-stats/golden/make.py > crates/mlops-stats/golden/stats.json
    python3 crates/mlops-model/golden/model.py > crates/mlops-model/golden/model.json
    python3 crates/mlops-detect/golden/relation.py > crates/mlops-detect/golden/relation.json

# Ours against what people use today, side by side, into target/bench/NAME.json
bench NAME *ARGUMENTS:
    cargo build --release --workspace --bins --example fit --locked
    cargo build --release --locked --manifest-path benches/s3-in-memory/Cargo.toml
    python3 benches/{{NAME}}/run.py {{ARGUMENTS}}

# The last figures of a benchmark onto benches/README.md
bench-keep NAME:
    python3 benches/render.py keep {{NAME}}
