repo "http" { url = "https://joe:hunter2@<host>/" password = "hunter2" retries = [] }
repo "s3" { secret = ["hunter2"] tokn = "hunter2" }
lock "zookeeper" { password = "hunter2" }
service "web" { checkInterval = "soon" artifact "http" { url = "x" destination = "/" }
  before "script" { command = "x" env { TOKEN = "hunter2", BAD = [] } }
}
