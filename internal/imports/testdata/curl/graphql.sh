curl https://api.shop.example/graphql --json '{"query": "mutation { login(user: \"ann\", password: \"canary\") { ok } }", "variables": {"pin": 4711, "cvv": "canary-cvv", "max_tokens": 100}}' -m 3
curl -m 5 https://api.shop.example/graphql?query=%7Bok%7D&flag=1
