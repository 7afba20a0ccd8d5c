#!/usr/bin/env python3
# t_import_sites.py - goldcrest import: whole configurations as they are found: nginx and goldcrest answer alike
# SPDX-License-Identifier: BSD-3-Clause
import t_import
from harness import Test

PHP = """fastcgi_pass unix:@DIR@/app.sock; fastcgi_index index.php;
            fastcgi_param SCRIPT_FILENAME $document_root$fastcgi_script_name;
            fastcgi_param SCRIPT_NAME $fastcgi_script_name;
            fastcgi_param QUERY_STRING $query_string; fastcgi_param REQUEST_METHOD $request_method;
            fastcgi_param REQUEST_URI $request_uri; fastcgi_param SERVER_NAME $server_name;"""

TLS = "ssl_certificate one.pem; ssl_certificate_key one.key; ssl_protocols TLSv1.2 TLSv1.3;"

# name: configuration (inside http), requests
SITES = {
    "WordPress": ("""
        upstream php { server unix:@DIR@/app.sock; }
        map $http_user_agent $bad_bot { default 0; ~*(nikto|sqlmap) 1; }
        server { listen 127.0.0.1:@PORT@ default_server; server_name blog.example www.blog.example;
            index index.php index.html; client_max_body_size 64m; server_tokens off;
            add_header X-Content-Type-Options nosniff always; add_header X-Frame-Options "SAMEORIGIN";
            if ($bad_bot) { return 403; }
            location = /favicon.ico { log_not_found off; access_log off; }
            location = /robots.txt { allow all; log_not_found off; access_log off; }
            location ~ /\\. { deny all; }
            location ~* /(?:uploads|files)/.*\\.php$ { deny all; }
            location = /xmlrpc.php { deny all; }
            location / { try_files $uri $uri/ /index.php?$args; }
            rewrite /wp-admin$ $scheme://$host$uri/ permanent;
            location ~* \\.(js|css|png|jpg|jpeg|gif|ico)$ { expires max; log_not_found off; }
            location ~ [^/]\\.php(/|$) { try_files $uri =404; %s fastcgi_param HTTPS on; }
        }""" % PHP.replace("unix:@DIR@/app.sock", "php"),
                  ["GET blog.example /", "GET blog.example /2026/hello/?x=1", "GET blog.example /style.css",
                   "GET blog.example /img/a.png", "GET blog.example /.htaccess", "GET blog.example /xmlrpc.php",
                   "GET blog.example /none.php", "GET blog.example /page.php?a=b", "GET blog.example /wp-admin",
                   "GET blog.example /uploads/evil.php", "GET blog.example /a.txt", "GET blog.example /dir/",
                   "GET blog.example / User-Agent: sqlmap/1.0", "POST blog.example /index.php"]),
    "Nextcloud": ("""
        map $arg_v $asset_immutable { "" ""; default ", immutable"; }
        upstream php-handler { server unix:@DIR@/app.sock; }
        server { listen 127.0.0.1:@PORT@; server_name cloud.example;
            index index.php index.html /index.php$request_uri;
            client_max_body_size 512M; client_body_timeout 300s; fastcgi_buffers 64 4K;
            gzip on; gzip_vary on; gzip_comp_level 4; gzip_min_length 256;
            gzip_types application/javascript application/json text/css text/plain image/svg+xml;
            add_header Referrer-Policy "no-referrer" always; add_header X-Content-Type-Options "nosniff" always;
            add_header X-Frame-Options "SAMEORIGIN" always; add_header X-Robots-Tag "noindex, nofollow" always;
            fastcgi_hide_header X-Powered-By;
            location = / { if ( $http_user_agent ~ ^DavClnt ) { return 302 /remote.php/webdav/$is_args$args; } }
            location = /robots.txt { allow all; log_not_found off; access_log off; }
            location ^~ /.well-known {
                location = /.well-known/carddav { return 301 /remote.php/dav/; }
                location = /.well-known/caldav { return 301 /remote.php/dav/; }
                location /.well-known/acme-challenge { try_files $uri $uri/ =404; }
                return 301 /index.php$request_uri;
            }
            location ~ ^/(?:build|tests|config|lib|3rdparty|templates|data)(?:$|/) { return 404; }
            location ~ ^/(?:\\.|autotest|occ|issue|indie|db_|console) { return 404; }
            location ~ \\.php(?:$|/) {
                rewrite ^/(?!index|remote|public|cron|app|page|status) /index.php$request_uri;
                fastcgi_split_path_info ^(.+?\\.php)(/.*)$;
                %s fastcgi_param modHeadersAvailable true; fastcgi_param front_controller_active true;
                fastcgi_param APP_ENV cloud; fastcgi_intercept_errors on; fastcgi_request_buffering off;
            }
            location ~ \\.(?:css|js|svg|gif|png)$ { try_files $uri /index.php$request_uri;
                expires 6M; access_log off; }
            location /remote { return 301 /remote.php$request_uri; }
            location / { try_files $uri $uri/ /index.php$request_uri; }
        }""" % PHP.replace("unix:@DIR@/app.sock", "php-handler"),
                  ["GET a /a.txt", "GET a /.well-known/carddav", "GET a /.well-known/none", "GET a /config/x.php",
                   "GET a /.htaccess", "GET a /style.css", "GET a /remote/x", "GET a / User-Agent: DavClnt/1",
                   "GET a /page.php?x=1", "GET a /img/a.png", "GET a /data", "GET a /tests/"]),
    "single page application": ("""
        server { listen 127.0.0.1:@PORT@; server_name app.example; index index.html;
            gzip on; gzip_types text/css application/javascript;
            add_header Strict-Transport-Security "max-age=31536000; includeSubDomains" always;
            add_header Content-Security-Policy "default-src 'self'" always;
            error_page 404 /404.html; error_page 500 502 503 504 /50x.html;
            location = /50x.html { internal; root @DIR@/root/errors; }
            location = /404.html { internal; }
            location / { try_files $uri $uri/ /index.html; }
            location /img/ { expires 1y; add_header Cache-Control "public, immutable"; add_header X-Test img; }
            location = /index.html { add_header Cache-Control "no-store"; add_header X-Test home; }
            location /broken/ { return 503; }
            location /docs/ { try_files $uri =404; }
            location ~ /\\.(?!well-known) { deny all; }
        }""", ["GET a /", "GET a /some/route", "GET a /some/route?x=1", "GET a /a.txt", "GET a /img/a.png",
               "GET a /broken/x", "GET a /docs/none", "GET a /404.html", "GET a /50x.html",
               "GET a /.git/config", "GET a /style.css Accept-Encoding: gzip", "GET a /index.html"]),
    "reverse proxy with everything": ("""
        map $http_upgrade $connection_upgrade { default upgrade; '' close; }
        upstream app { least_conn; server 127.0.0.1:@BACKEND@ weight=3 max_fails=2 fail_timeout=10s;
                       server 127.0.0.1:@BACKEND@ backup; keepalive 16; }
        server { listen 127.0.0.1:@PORT@; server_name app.example;
            proxy_http_version 1.1;
            proxy_set_header Host $http_host; proxy_set_header X-Real-IP $remote_addr;
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; proxy_set_header X-Forwarded-Proto $scheme;
            proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $connection_upgrade;
            proxy_set_header X-Original-URI $request_uri; proxy_set_header X-Custom "fixed";
            proxy_set_header X-Wanted $http_x_want; proxy_hide_header X-Secret;
            location / { proxy_pass http://app; proxy_read_timeout 90s; proxy_buffering off; }
            location /grafana/ { rewrite ^/grafana/(.*) /$1 break; proxy_pass http://app; }
            location ~ ^/v(?<version>[0-9]+)/ { proxy_pass http://app; add_header X-Test "v$version"; }
            location /old { return 301 $scheme://$http_host/new$is_args$args; }
            location = /status { return 200 "up"; add_header X-Test "$request_method $host" always; }
        }""", ["GET a /", "GET a /x?y=z", "POST a /form", "GET a /grafana/d/1?x=2", "GET a /v12/users",
               "GET a /old?x=1",
               "GET a /status", "GET a / X-Want: red", "GET a /x X-Real-IP: 6.6.6.6", "GET a /secret", "GET a /go"]),
    "redirects of hosts": ("""
        server { listen 127.0.0.1:@PORT@ default_server; server_name _; return 444; }
        server { listen 127.0.0.1:@PORT@; server_name www.shop.example;
                 return 301 $scheme://shop.example$request_uri; }
        server { listen 127.0.0.1:@PORT@; server_name shop.example;
            if ($host ~* ^www\\.(.*)) { set $bare $1; rewrite ^(.*)$ http://$bare$1 permanent; }
            set $where http://other.example;
            location /go { return 302 $where/from$uri; }
            rewrite ^/product/([0-9]+)/?$ /item?id=$1 redirect;
            location / { try_files $uri $uri/ =404; }
        }
        server { listen 127.0.0.1:@PORT@; server_name ~^(?<sub>\\w+)\\.tenant\\.example$;
            set $tenant $sub; return 302 http://tenants.example/$tenant$uri; }
        """, ["GET www.shop.example /a?b=c", "GET shop.example /a.txt", "GET shop.example /go/x",
              "GET shop.example /product/12", "GET shop.example /product/12/?k=v",
              "GET joe.tenant.example /p", "GET shop.example /none"]),
    "maps": ("""
        map $uri $new_uri { default ""; /old-page /new-page; /old-shop http://shop.example/;
                           ~^/blog/(?<post>.*)$ /posts/$post; }
        map $http_origin $cors { default ""; "https://one.example" $http_origin;
                                 ~^https://[a-z]+\\.two\\.example$ $http_origin; }
        map $host $site { hostnames; default none; one.example first; *.two.example second; ~^three\\. third; }
        map $request_method $is_write { default 0; POST 1; PUT 1; DELETE 1; }
        map $http_user_agent $phone { default no; ~*(android|iphone) yes; }
        server { listen 127.0.0.1:@PORT@ default_server; server_name x;
            if ($new_uri) { return 301 $new_uri; }
            add_header Access-Control-Allow-Origin $cors; add_header X-Site $site;
            location / { }
            location /phone { if ($phone = yes) { return 302 /m; } return 200 "desk"; }
            location /read { if ($is_write) { return 405; } return 204; }
            location /dir/ { add_header X-Test "site-$site"; }
        }""", ["GET a /old-page", "GET a /old-shop", "GET a /blog/first/post", "GET a /a.txt",
               "GET a /a.txt Origin: https://one.example", "GET a /a.txt Origin: https://x.two.example",
               "GET a /a.txt Origin: https://evil.example", "GET one.example /a.txt", "GET b.two.example /a.txt",
               "GET three.x /a.txt", "GET one.example /dir/x.txt", "GET a /dir/x.txt",
               "GET a /phone User-Agent: Mozilla (iPhone)", "GET a /phone", "POST a /read", "GET a /read",
               "GET One.Example /a.txt"]),
    "backends by map": ("""
        map $host $backend { default 127.0.0.1:@BACKEND@; old.example 127.0.0.1:@NOBODY@; }
        map $http_x_env $folder { default shop; blue blog; }
        server { listen 127.0.0.1:@PORT@ default_server;
            location / { root @DIR@/root/$folder; index index.html; }
            location /app/ { proxy_pass http://$backend; proxy_set_header Host $http_host; proxy_connect_timeout 1s; }
        }""", ["GET a /", "GET a / X-Env: blue", "GET a / X-Env: red", "GET a /app/x", "GET old.example /app/x"]),
    "limits": ("""
        geo $limited { default 1; 10.0.0.0/8 0; }
        map $limited $limit_key { 0 ""; 1 $binary_remote_addr; }
        limit_req_zone $limit_key zone=login:1m rate=1r/m;
        limit_req_zone $binary_remote_addr zone=all:1m rate=100r/s;
        limit_conn_zone $binary_remote_addr zone=addr:1m;
        limit_req_status 429;
        server { listen 127.0.0.1:@PORT@; limit_conn addr 20;
            location / { limit_req zone=all burst=50 nodelay; }
            location /login { limit_req zone=login burst=1 nodelay; return 204; }
            location = /a.txt { limit_req zone=login nodelay; }
        }""", ["GET a /about.html", "GET a /about.html", "GET a /about.html"]),
    "the client behind a proxy": ("""
        set_real_ip_from 127.0.0.1; real_ip_header X-Forwarded-For; real_ip_recursive on;
        server { listen 127.0.0.1:@PORT@;
            location / { proxy_pass http://127.0.0.1:@BACKEND@; proxy_set_header X-Real-IP $remote_addr; }
            location /inner { allow 10.0.0.0/8; deny all; }
            location /either { satisfy any; allow 192.0.2.0/24; deny all; auth_basic "x"; auth_basic_user_file users;
                               root @DIR@/root; try_files /a.txt =404; }
        }""", ["GET a / X-Forwarded-For: 192.0.2.9", "GET a /inner X-Forwarded-For: 192.0.2.9", "GET a /",
               "GET a /either X-Forwarded-For: 192.0.2.9", "GET a /either X-Forwarded-For: 198.51.100.1",
               "GET a /either Authorization: Basic am9lOnNlY3JldA=="]),
    "somebody else says who may come in": ("""
        server { listen 127.0.0.1:@PORT@;
            location /private/ { auth_request /verify; auth_request_set $who $upstream_http_x_auth_user;
                                 proxy_set_header X-Auth-User $who; proxy_set_header Host $http_host;
                                 proxy_pass http://127.0.0.1:@BACKEND@; }
            location /open/ { auth_request off;
                              proxy_pass http://127.0.0.1:@BACKEND@; proxy_set_header Host $http_host; }
            location = /verify { internal; proxy_pass http://127.0.0.1:@BACKEND@/check; proxy_pass_request_body off;
                                 proxy_set_header Content-Length ""; proxy_set_header X-Original-URI $request_uri; }
        }""", ["GET a /private/x Cookie: session=good", "GET a /private/x Cookie: session=bad", "GET a /private/x",
               "GET a /open/x", "GET a /verify"]),
    "Laravel, Symfony and their like": ("""
        server { listen 127.0.0.1:@PORT@; root @DIR@/root; index index.php;
            add_header X-Frame-Options "SAMEORIGIN";
            location / { try_files $uri $uri/ /index.php$is_args$args; }
            location = /favicon.ico { access_log off; log_not_found off; }
            location ~ ^/index\\.php(/|$) { fastcgi_split_path_info ^(.+\\.php)(/.*)$; %s }
            location ~ \\.php$ { return 404; }
            location ~ /\\.(?!well-known).* { deny all; }
        }""" % PHP, ["GET a /", "GET a /route/one?x=1", "GET a /a.txt", "GET a /page.php", "GET a /.env"]),
    "files of an application, and the rest to it": ("""
        upstream django { server 127.0.0.1:@BACKEND@; }
        server { listen 127.0.0.1:@PORT@; server_name app.example; client_max_body_size 75M;
            location /static/ { alias @DIR@/outside/data/; expires 30d; access_log off; }
            location /media { alias @DIR@/outside/files; }
            location / { proxy_pass http://django; proxy_set_header Host $http_host; proxy_redirect off;
                         proxy_set_header X-Forwarded-Proto $scheme; }
            location @app { proxy_pass http://django; proxy_set_header Host $http_host; }
            location /try/ { try_files $uri @app; }
        }""", ["GET a /", "GET a /static/a.png", "GET a /static/none", "GET a /media/f.txt", "GET a /admin/?x=1",
               "POST a /form", "GET a /try/x"]),
    "TLS, and the rest to it": ("""
        server { listen 127.0.0.1:@PORT@; server_name tls.example www.tls.example;
            location /.well-known/acme-challenge/ { root @DIR@/root/shop; }
            location / { return 301 https://tls.example$request_uri; } }
        server { listen 127.0.0.1:@TLS@ ssl http2; server_name tls.example; %s
            ssl_session_timeout 1d; ssl_session_cache shared:SSL:10m; ssl_session_tickets off;
            ssl_ciphers HIGH:!aNULL; ssl_prefer_server_ciphers off;
            add_header Strict-Transport-Security "max-age=63072000" always;
            location / { proxy_pass http://127.0.0.1:@BACKEND@; proxy_set_header Host $host;
                         proxy_set_header X-Forwarded-Proto $scheme; proxy_set_header X-Tls $ssl_protocol; }
            location /f/ { alias @DIR@/outside/files/; } }
        """ % TLS, ["GET tls.example /a?b", "GET www.tls.example /a?b", "TLS tls.example /f/f.txt",
                    "TLS tls.example /x?y", "TLS tls.example /f/none"]),
}


def same(name):
    t_import.same_answers(name, SITES)


def tests():
    return [Test("import: %s: nginx and goldcrest answer alike" % name, same, name) for name in SITES]
