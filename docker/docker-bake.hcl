# The images of all programs, built and pushed together, each with the list of its parts and how it was made:
#   REGISTRY=111122223333.dkr.ecr.eu-central-1.amazonaws.com/mlops TAG=abc123 docker buildx bake --file docker/docker-bake.hcl --push

variable "REGISTRY" {
  default = "mlops"
}

variable "TAG" {
  default = "dev"
}

variable "REVISION" {
  default = "unknown"
}

# The architecture of the machine that builds; another one compiles under emulation, slowly.
variable "PLATFORM" {
  default = "linux/arm64"
}

# The version and the digest of model.pkl, which lies beside Cargo.toml when images with a model are built.
variable "MODEL_VERSION_ID" {
  default = "none"
}

variable "MODEL_SHA256" {
  default = "none"
}

# An ECR repository to keep compiled dependencies in, or nothing.
variable "CACHE" {
  default = ""
}

group "default" {
  targets = ["programs"]
}

target "programs" {
  name       = program
  matrix = {
    program = [
      "alert-email",
      "alert-sms",
      "concept-shift",
      "dashboard",
      "drift",
      "etl-dynamo",
      "etl-mysql",
      "performance",
      "retrain",
      "score",
      "simulate",
    ]
  }
  context    = "."
  dockerfile = "docker/Dockerfile"
  target     = program == "score" ? "service-with-model" : program == "dashboard" ? "service" : "program"
  platforms  = [PLATFORM]
  tags       = ["${REGISTRY}/${program}:${TAG}"]
  args = {
    PROGRAM          = program
    REVISION         = REVISION
    MODEL_VERSION_ID = MODEL_VERSION_ID
    MODEL_SHA256     = MODEL_SHA256
  }
  attest     = ["type=sbom", "type=provenance,mode=max"]
  cache-from = CACHE == "" ? [] : ["type=registry,ref=${CACHE}"]
  cache-to   = CACHE == "" ? [] : ["type=registry,ref=${CACHE},mode=max,image-manifest=true,oci-mediatypes=true"]
}
