a = "b\q" c = "\d"
