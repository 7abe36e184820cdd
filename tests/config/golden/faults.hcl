# Many faults in one file.
state_path = "/var/lib/dropship"
sate_path  = "/var/lib/dropship"

repo "backup" {
  type   = "s4"
  secret = "hunter2"
}

repo "s3" {
  accessKey = "AKIA"
  secret    = "hunter2"
  retries   = "many"
}

defaults {
  splay     = 10
  onFailure = "abbort"
}

service "web" {
  checkInterval = "10"
  checkInterval = "10s"
  sequentialUpdate = true

  artifact "s3" {
    path   = "web.tar.gz"
    format = "rar"
  }

  after "graphite-event" {
    host = "http://<my-graphite-server>"
    what = "deployed {{.Hsah}}"
  }
}

service "web" {
  checkInterval = "1m"
  artifact "bakcup" {
    destination = "/srv/sites"
  }
}

service {
  checkInterval = "1m"
}
