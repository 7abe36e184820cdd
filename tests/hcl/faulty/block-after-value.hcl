environment = "aws" {
  region = "us"
}
b = 1
