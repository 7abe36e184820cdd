# A whole configuration: where the artifact is, where it goes, what to run around the switch.
# Paths are relative to the folder the agent is started in; `try` starts it here.
state_path = "run/state"
run_path   = "run/agent"

service "hello" {
  checkInterval = "2s"

  # The store is a folder. "s3" and "http" work the same way.
  artifact "file" {
    path        = "run/store/hello.tar.gz"
    destination = "run/hello"
  }

  before "script" {
    command = "echo stopping the old version"
  }

  after "script" {
    command = "echo starting: $(cat greeting)"
  }

  # Does not hold? Then the old version comes back by itself.
  health "script" {
    command = "grep -q hello run/hello/greeting"
    within  = "2s"
  }
}
