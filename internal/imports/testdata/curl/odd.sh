TOKEN=x curl -sSfL -X post -F 'photo=@cat.png' -F title=Cat "https://up.shop.example/photos?album=$ALBUM" --limit-rate 10k
curl -T report.csv https://up.shop.example/reports/
curl -d @order.json -H 'Content-Type:' -H 'X-Empty;' -H 'Transfer-Encoding: chunked' https://up.shop.example/orders
curl -X GET -d '{"password":"canary {odd}"}' up.shop.example/query
curl -I -d x=1 'https://up.shop.example/[1-3]/{a,b}' https://up.shop.example/second#part
curl --digest -u ann: https://ann2:canary-url@up.shop.example/private -b cookies.txt
