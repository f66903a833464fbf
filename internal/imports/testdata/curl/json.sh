curl --location 'https://api.shop.example:8443/orders' \
--header 'Content-Type: application/json' \
--header 'Authorization: Bearer canary.token.1' \
--header 'X-Api-Key: canary-key-1' \
--header 'X-Note: caf'$'\u00e9' \
--data-raw $'{\n  "sku": "it\'s {{tea}}",\n  "gift": {"note": "\\u0021"},\n  "card": {"secret_code": "canary \\"card\\""}\n}'
