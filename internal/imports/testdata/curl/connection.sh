curl -k --http2 --tlsv1.2 --tls-max 1.3 --resolve edge.shop.example:443:192.0.2.10,192.0.2.11 \
  --connect-timeout 2.5 --max-time 9 -4 --cacert ca.pem --cert client.pem --key client.key \
  --header 'Host: www.shop.example' --range 0-99 --retry 3 https://edge.shop.example/health
curl --http2-prior-knowledge http://h2c.shop.example:8080/health -A probe/1 -e http://shop.example/
curl --http3 --insecure https://quic.shop.example/health
curl -x http://proxy.shop.example:3128 -U 'ann:canary-proxy' --noproxy .internal,10.0.0.0/8 http://inner.shop.example/health
curl --socks5-hostname 127.0.0.1:1080 --http1.1 --interface 192.0.2.7 https://onion.shop.example/
