// crypto/tls as a server: every row of the file given, each with its own configuration.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"log"
	"net"
	"os"
	"strings"
	"time"
)

type row struct {
	Address   string
	Chains    [][2]string
	Min, Max  uint16
	Suites    []uint16
	Groups    []tls.CurveID
	Protocols []string
	Ca        string
	Ask       bool
	NoTickets bool
}

func main() {
	text, err := os.ReadFile(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	var rows []row
	if err := json.Unmarshal(text, &rows); err != nil {
		log.Fatal(err)
	}
	log.SetOutput(os.Stderr)
	for _, it := range rows {
		config := &tls.Config{
			MinVersion: it.Min, MaxVersion: it.Max, CipherSuites: it.Suites, CurvePreferences: it.Groups,
			NextProtos: it.Protocols, SessionTicketsDisabled: it.NoTickets,
		}
		for _, files := range it.Chains {
			pair, err := tls.LoadX509KeyPair(files[0], files[1])
			if err != nil {
				log.Fatal(err)
			}
			config.Certificates = append(config.Certificates, pair)
		}
		if it.Ask {
			pem, _ := os.ReadFile(it.Ca)
			config.ClientCAs = x509.NewCertPool()
			config.ClientCAs.AppendCertsFromPEM(pem)
			config.ClientAuth = tls.RequestClientCert
		}
		listener, err := net.Listen("tcp", it.Address)
		if err != nil {
			log.Fatal(err)
		}
		go func() {
			for {
				connection, err := listener.Accept()
				if err != nil {
					return
				}
				go handle(connection, config)
			}
		}()
	}
	select {}
}

func handle(connection net.Conn, config *tls.Config) {
	defer connection.Close()
	connection.SetDeadline(time.Now().Add(10 * time.Second))
	shaken := tls.Server(connection, config)
	buffer := make([]byte, 4096)
	if count, _ := shaken.Read(buffer); count > 0 && strings.Contains(string(buffer), "HTTP") {
		shaken.Write([]byte("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n"))
	}
	shaken.Close()
}
