# Dropship keeps software on this host up to date. This is its main file.
#
#   dropship init       asks what to deploy from where, and writes that
#   dropship validate   finds every fault of every file
#   dropship reload     has the running agent read its files again
#
# What a key means: man dropship.hcl, or dropship schema.

# Where the agent notes down what it does; said here, so that whoever is not root looks there too.
state_path = "/var/lib/dropship"

# Services stand in files of their own in services/*.hcl; example.hcl.disabled is one to begin with.

# Where artifacts come from: a store in S3, for instance. A file that only root may read keeps the
# secret. Web servers and folders need no block here.
#
# repo "s3" {
#   accessKey = "AKIA..."
#   secret    = file("/etc/dropship.d/s3-secret")
#   region    = "eu-central-1"
# }

# What hosts ask for their turn, where services have sequentialUpdates = true.
#
# lock "redis" {
#   url = "redis://redis.example.com"
# }

# What holds for every service that does not say otherwise.
#
# defaults {
#   checkInterval = "30s"
# }
