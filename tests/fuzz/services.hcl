# The front end of shop 0001.
service "web-0001" {
  checkInterval     = "30s"
  updateTTL         = "10m"
  splay             = "5s" # spread them

  artifact "http" {
    url          = "https://store.example.com/web-0001.tar.gz"
    destination  = "/srv/web-0001/current"
    shared       = ["log", "tmp/uploads"]
    keepReleases = 3
    keepModes    = false
    symlinksTo   = [
      "/usr/bin",
      "/opt/python",
    ]
  }

  before "script" {
    command = "systemctl stop web-0001 && echo \"done\""
    timeout = "20s"
  }

  after "script" {
    command = <<-END
      set -e
      for unit in web-0001 jobs-0001; do
        systemctl start "$unit" || { echo "no ${unit}"; exit 1; }
      done
    END

    env {
      RAILS_ENV = "production"
      WORKERS   = 4
    }
  }

  after "graphite-event" {
    host = "http://graphite.example.com"
    what = "deployed {{.Name}}"
    tags = "deploy web-0001"
  }

  health "http" {
    url    = "http://127.0.0.1:8080/health?a=b#c"
    status = "200"
    within = "30s"
  }
}

service "job-0002" {
    checkInterval = "1m"
    artifact "s3" { bucket = "b" path = "jobs/0002.tgz" destination = "/srv/job-0002" }
    after "script" { command = "restart job-0002" }
    failed "graphite-event" {
        host = "http://graphite.example.com"
        what = "it failed" data = "oh"
    }
}
