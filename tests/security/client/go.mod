module spanway/tests/security/client

go 1.26
