curl 'https://staging.shop.example/' -H 'accept: text/html' --compressed ;
curl 'https://staging.shop.example/style.css' -H 'accept: text/css' --compressed ;
curl 'https://staging.shop.example/api/basket' -X PUT -H 'accept: application/json' -H 'content-type: application/json' -H 'authorization: Bearer canary.token.2' --data-raw '{"sku":7,"n":1}' --compressed ;
curl 'https://staging.shop.example/style.css' -H 'accept: text/css' --compressed ;
curl 'https://cdn.shop.example/logo.svg' | head -c 100 > /dev/null 2>&1 ;
curl -I https://staging.shop.example/ --next -X DELETE 'https://staging.shop.example/api/basket/7?token=canary-query' && curl -G -d q=tea -d 'page=2' https://staging.shop.example/search
