// A client of OTLP made of Go's standard library alone: crypto/tls and net/http, gRPC framed by hand.
//
// With -seconds 0 it sends one request and prints one line of JSON about it. Else it sends, a request each -pause in each
// of -workers, until the time is over or its standard input ends, and prints one line of JSON about all of them.
package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
	"time"
)

var (
	address    = flag.String("address", "", "host:port, or the path of a Unix socket")
	protocol   = flag.String("protocol", "http", "http or grpc")
	path       = flag.String("path", "", "GET this path in place of sending spans")
	body       = flag.String("body", "", "a file with the request")
	ca         = flag.String("ca", "", "a file with the authorities of the server; in the clear, when empty")
	cert       = flag.String("cert", "", "a file with the client's certificate")
	key        = flag.String("key", "", "a file with its key")
	name       = flag.String("name", "", "the server's name, where it is not the address's")
	http1      = flag.Bool("http1", false, "HTTP/1.1 alone")
	fresh      = flag.Bool("fresh", false, "a new connection for each request")
	seconds    = flag.Float64("seconds", 0, "how long to send")
	workers    = flag.Int("workers", 1, "requests at the same time")
	pause      = flag.Duration("pause", 0, "between requests of a worker")
	attempts   = flag.Int("attempts", 1, "how often a request is sent that may be sent again")
	timeout    = flag.Duration("timeout", 10*time.Second, "how long an attempt may take")
	grpcExport = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
)

// One is what became of one request.
type One struct {
	OK       bool   `json:"ok"`
	Status   int    `json:"status"`
	Grpc     string `json:"grpc"`
	Protocol string `json:"protocol"`
	TLS      string `json:"tls"`
	Serial   string `json:"serial"`
	Body     string `json:"body"`
	Error    string `json:"error"`
	retry    bool
}

// Sum is what became of many requests.
type Sum struct {
	Requests  int            `json:"requests"`
	Failed    int            `json:"failed"`
	Attempts  int            `json:"attempts"`
	SlowestMs int64          `json:"slowest_ms"`
	Errors    map[string]int `json:"errors"`
	Serials   map[string]int `json:"serials"`
}

func main() {
	flag.Parse()
	message := []byte(nil)
	if *body != "" {
		read, err := os.ReadFile(*body)
		check(err)
		message = read
	}
	if *seconds == 0 {
		print(send(client(), message))
		return
	}
	print(load(message))
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
}

func print(value any) {
	line, err := json.Marshal(value)
	check(err)
	fmt.Println(string(line))
}

func client() *http.Client {
	protocols := new(http.Protocols)
	switch {
	case *http1:
		protocols.SetHTTP1(true)
	case *ca == "" && *protocol == "grpc":
		protocols.SetUnencryptedHTTP2(true)
	case *ca == "":
		protocols.SetHTTP1(true)
	case *protocol == "grpc":
		protocols.SetHTTP2(true)
	default:
		protocols.SetHTTP1(true)
		protocols.SetHTTP2(true)
	}
	network := "tcp"
	if (*address)[0] == '/' {
		network = "unix"
	}
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, *address)
	}
	transport := &http.Transport{
		DialContext: dial, Protocols: protocols, DisableKeepAlives: *fresh, TLSClientConfig: settings(),
	}
	return &http.Client{Transport: transport, Timeout: *timeout}
}

func settings() *tls.Config {
	if *ca == "" {
		return nil
	}
	authorities, err := os.ReadFile(*ca)
	check(err)
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(authorities) {
		check(fmt.Errorf("%s holds no certificate", *ca))
	}
	config := &tls.Config{RootCAs: pool, ServerName: *name}
	if *cert != "" {
		pair, err := tls.LoadX509KeyPair(*cert, *key)
		check(err)
		// Shown to servers that name other authorities, too.
		config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &pair, nil }
	}
	return config
}

func url() string {
	scheme, host := "http", *address
	if *ca != "" {
		scheme = "https"
	}
	if host[0] == '/' {
		host = "localhost"
	}
	switch {
	case *path != "":
		return scheme + "://" + host + *path
	case *protocol == "grpc":
		return scheme + "://" + host + grpcExport
	default:
		return scheme + "://" + host + "/v1/traces"
	}
}

func request(message []byte) *http.Request {
	if *path != "" {
		request, err := http.NewRequest("GET", url(), nil)
		check(err)
		return request
	}
	kind := "application/x-protobuf"
	if *protocol == "grpc" {
		kind = "application/grpc"
		prefix := binary.BigEndian.AppendUint32([]byte{0}, uint32(len(message)))
		message = append(prefix, message...)
	}
	request, err := http.NewRequest("POST", url(), bytes.NewReader(message))
	check(err)
	request.Header.Set("Content-Type", kind)
	if *protocol == "grpc" {
		request.Header.Set("TE", "trailers")
	}
	return request
}

func send(client *http.Client, message []byte) One {
	answer, err := client.Do(request(message))
	if err != nil {
		return One{Error: err.Error(), retry: true}
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return One{Error: err.Error(), retry: true}
	}
	one := One{Status: answer.StatusCode, Protocol: answer.Proto, Body: string(text)}
	if state := answer.TLS; state != nil {
		one.TLS = tls.VersionName(state.Version)
		one.Serial = state.PeerCertificates[0].SerialNumber.String()
	}
	one.OK = one.Status == 200
	one.retry = one.Status == 429 || one.Status == 502 || one.Status == 503 || one.Status == 504
	if *protocol == "grpc" {
		one.Body = ""
		one.Grpc = answer.Trailer.Get("Grpc-Status")
		message := answer.Trailer.Get("Grpc-Message")
		if one.Grpc == "" {
			one.Grpc, message = answer.Header.Get("Grpc-Status"), answer.Header.Get("Grpc-Message")
		}
		one.OK = one.OK && one.Grpc == "0"
		one.retry = one.retry || one.Grpc == "14" || one.Grpc == "4" || one.Grpc == "1" || one.Grpc == "10"
		if !one.OK {
			one.Error = "gRPC status " + one.Grpc + ": " + message
		}
	} else if !one.OK {
		one.Error = fmt.Sprintf("status %d: %s", one.Status, text)
	}
	return one
}

func load(message []byte) Sum {
	over, stop := context.WithTimeout(context.Background(), time.Duration(*seconds*float64(time.Second)))
	defer stop()
	go func() {
		io.Copy(io.Discard, os.Stdin)
		stop()
	}()
	sum := Sum{Errors: map[string]int{}, Serials: map[string]int{}}
	var lock sync.Mutex
	var all sync.WaitGroup
	for range *workers {
		all.Go(func() {
			client := client()
			for over.Err() == nil {
				began := time.Now()
				one := One{}
				for attempt := 1; attempt <= *attempts; attempt++ {
					if attempt > 1 {
						time.Sleep(100 * time.Millisecond)
					}
					one = send(client, message)
					lock.Lock()
					sum.Attempts++
					if !one.OK {
						sum.Errors[one.Error]++
					}
					lock.Unlock()
					if one.OK || !one.retry {
						break
					}
				}
				lock.Lock()
				sum.Requests++
				if !one.OK {
					sum.Failed++
				}
				sum.Serials[one.Serial]++
				sum.SlowestMs = max(sum.SlowestMs, time.Since(began).Milliseconds())
				lock.Unlock()
				select {
				case <-over.Done():
				case <-time.After(*pause):
				}
			}
		})
	}
	all.Wait()
	return sum
}
