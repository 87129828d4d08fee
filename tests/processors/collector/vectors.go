package main

import "context"

func writeVectors(ctx context.Context, folder string) error { return nil }
