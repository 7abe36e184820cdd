service "web" {
  health "http" { url = 'http://127.0.0.1/healthz' }
  artifact "http" { url = https://releases.example.com/web.tar.gz }
  note = { text = 'a # b } c' }
  checkInterval = "10s"
}
