/usr/bin/curl -H "Accept: application/json" https://a.shop.example/x https://b.shop.example/y
