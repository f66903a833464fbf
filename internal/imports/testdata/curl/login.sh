# Log in with a form; the name and password of the gateway come before.
$ curl -sS -L --max-redirs 3 -u 'gate:canary-gate-pass' \
    -d 'user=ann%40shop.example&password=canary%20pass' --data-urlencode 'next=/basket?a=1&b=2' \
    https://staging.shop.example/login -o /dev/null
