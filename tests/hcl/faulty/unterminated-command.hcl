service "a" {
  before "script" {
    command = "systemctl stop x
  }
  checkInterval = "1s"
}
