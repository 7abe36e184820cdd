// The whole site


/* two lines
   about it */
repo s3 {   "accessKey" = env( "KEY" ), secret=file("/run/secret")   // rotated
      name="eu-central-1"}
service "web"
{
	checkInterval = "10s"	# often

	sequentialUpdates=true     # one after the other   


	artifact "s3" { bucket = "releases", path = "web.tar.gz"
		destination = "/srv/web" }
	preCommand = "stop"
	command = <<-END
	  systemctl stop web   
	  END
	tags = ["a","b",]
	hosts = ["one", "two",
	  "three" ]
	before "script" { command = "systemctl stop web" } # at once
	after "script" {
		command = "systemctl start web"
	}
	failed "script" { command = "x", timeout = "1s" }
	env {}
	headers = {

	}
	// the end

}
