#!/usr/bin/env python3
# t_import.py - goldcrest import: nginx and what was made of its configuration give the same answers
# SPDX-License-Identifier: BSD-3-Clause
import http.client
import json
import os
import shutil
import ssl
import subprocess
import urllib.parse

from certificates import Authority
from gateways import Listener, fastcgi_serve
from harness import (LOCALHOST, Server, Skip, Test, answers, command, connect, folder, free_ports, need,
                     wait_for, write)
from scripted import Backend

HEAD = """worker_processes 1;
pid @DIR@/nginx.pid;
error_log @DIR@/@NAME@.error.log;
events { worker_connections 64; }
http {
    types { text/html html; text/css css; text/plain txt; image/png png; }
    default_type application/octet-stream;
    access_log @DIR@/@NAME@.access.log;
    client_body_temp_path @DIR@/body; proxy_temp_path @DIR@/proxy; fastcgi_temp_path @DIR@/fastcgi;
    uwsgi_temp_path @DIR@/uwsgi; scgi_temp_path @DIR@/scgi;
    root @DIR@/root;
"""

FILES = {
    "index.html": "home", "a.txt": "text a", "style.css": "body { }" * 200, "dir/index.html": "dir", "dir/x.txt": "x",
    "empty/.keep": "", "about.html": "about us", "index.php": "source", "app/index.php": "source",
               "page.php": "source",
    "errors/404.html": "gone", "errors/50x.html": "later",
    "secret/x.txt": "secret", "img/a.png": "png", "img/deep/b.png": "b", "old.txt": "old",
    ".htaccess": "no", "shop/index.html": "shop", "blog/index.html": "blog", "sub.a/index.html": "sub a",
    "img/code.php": "source", "maintenance.html": "later", "docs/readme.txt": "docs", "404.html": "404 page",
}
OUTSIDE = {"data/a.png": "outside png", "data/deep/b.png": "outside b", "files/f.txt": "f"}
FIELDS = ("Content-Type", "X-Test", "X-More", "Cache-Control", "WWW-Authenticate", "X-Site", "X-Frame-Options",
          "Access-Control-Allow-Origin", "X-Secret", "Referrer-Policy")
ALWAYS = ("Allow", "X-Content-Type-Options", "Strict-Transport-Security", "X-Frame-Options", "X-Test")

# name: configuration (inside http), requests: "METHOD HOST TARGET [Field: value]…"
CASES = {
    "static site": ("""
        server { listen 127.0.0.1:@PORT@; index index.html; server_tokens off;
            add_header X-Test one;
            error_page 404 /errors/404.html;
            location /empty/ { autoindex off; }
            location = /exact { return 204; }
            location ~ /\\.ht { deny all; }
            location ~* \\.(css|PNG)$ { expires 30d; add_header X-More two; }
            location ^~ /img/deep/ { add_header X-Test deep; }
        }""", ["GET a /", "GET a /a.txt", "GET a /dir", "GET a /dir/", "GET a /dir?x=1", "HEAD a /a.txt",
               "GET a /none",
               "GET a /exact", "GET a /.htaccess", "GET a /style.css", "GET a /img/a.png", "GET a /img/deep/b.png",
               "GET a /empty/", "POST a /a.txt", "GET a /%61.txt", "GET a //dir//x.txt", "GET a /dir/../a.txt"]),
    "php front controller": ("""
        server { listen 127.0.0.1:@PORT@; index index.html index.php;
            location / { try_files $uri $uri/ /index.php?$args; }
            location ~ \\.php$ { fastcgi_pass unix:@DIR@/app.sock; fastcgi_index index.php;
                fastcgi_param SCRIPT_FILENAME $document_root$fastcgi_script_name;
                fastcgi_param REQUEST_URI $request_uri; fastcgi_param QUERY_STRING $query_string;
                fastcgi_param SCRIPT_NAME $fastcgi_script_name; fastcgi_param REQUEST_METHOD $request_method;
                fastcgi_param APP_ENV live; }
            location ^~ /img/ { add_header X-Test files; }
        }""", ["GET a /a.txt", "GET a /dir/", "GET a /dir", "GET a /app/", "GET a /nice/url",
               "GET a /nice/url?x=1&y=2",
               "GET a /page.php?a=b", "POST a /page.php", "GET a /index.php", "GET a /img/code.php", "GET a /",
               "GET a /app"]),
    "an index file that another location answers": ("""
        server { listen 127.0.0.1:@PORT@; index none.html index.php;
            location / { add_header X-Test files; try_files $uri $uri/ /index.php?$query_string; }
            location ~ ^/index\\.php(/|$) { fastcgi_pass unix:@DIR@/app.sock;
                fastcgi_param SCRIPT_FILENAME $document_root$fastcgi_script_name;
                fastcgi_param REQUEST_URI $request_uri; fastcgi_param QUERY_STRING $query_string;
                fastcgi_param SCRIPT_NAME $fastcgi_script_name; fastcgi_param REQUEST_METHOD $request_method; }
            location = /app/index.php { return 204; }
        }""", ["GET a /", "GET a /?x=1", "POST a /", "GET a /index.php", "GET a /nice/url",
               "GET a /a.txt", "GET a /none.html"]),
    "a password before an index file": ("""
        server { listen 127.0.0.1:@PORT@; index index.php;
            location / { auth_basic "x"; auth_basic_user_file @DIR@/users; }
            location = /index.php { fastcgi_pass unix:@DIR@/app.sock;
                fastcgi_param SCRIPT_FILENAME $document_root$fastcgi_script_name;
                fastcgi_param REQUEST_URI $request_uri; fastcgi_param QUERY_STRING $query_string;
                fastcgi_param SCRIPT_NAME $fastcgi_script_name; fastcgi_param REQUEST_METHOD $request_method; }
        }""", ["GET a /", "GET a /a.txt", "GET a / Authorization: Basic am9lOnNlY3JldA=="]),
    "a location that is open in a server that is not": ("""
        server { listen 127.0.0.1:@PORT@; allow 10.0.0.0/8; deny all;
            location /dir/ { allow all; }
            location /img/ { deny 10.0.0.0/8; allow all; }
            location /secret/ { }
        }""", ["GET a /a.txt", "GET a /dir/x.txt", "GET a /img/a.png", "GET a /secret/x.txt"]),
    "reverse proxy": ("""
        upstream app { server 127.0.0.1:@BACKEND@; keepalive 4; }
        server { listen 127.0.0.1:@PORT@;
            proxy_set_header Host $host; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
            proxy_set_header X-Forwarded-Proto $scheme;
            location / { proxy_pass http://app; }
            location /api/ { proxy_pass http://app/v2/; }
            location /strip/ { rewrite ^/strip/(.*)$ /$1 break; proxy_pass http://127.0.0.1:@BACKEND@; }
            location /bare/ { proxy_pass http://127.0.0.1:@BACKEND@/; proxy_set_header X-Const yes;
                              proxy_set_header Host other.example; }
            location /static/ { alias @DIR@/outside/data/; }
            location = /health { return 200 "fine"; }
        }""", ["GET a /", "GET a /x?y=z", "POST a /form", "GET a /api/users?id=1", "GET a /api/",
               "GET a /strip/deep/x?q=1",
               "GET a /bare/thing", "GET a /static/a.png", "GET a /static/none", "GET a /health", "GET a /api",
               "DELETE a /api/x", "GET a /go"]),
    "fallback to an application": ("""
        server { listen 127.0.0.1:@PORT@; index index.html;
            location / { try_files $uri $uri/index.html $uri.html @app; }
            location @app { proxy_pass http://127.0.0.1:@BACKEND@; proxy_set_header Host $http_host; }
            location /docs/ { try_files $uri =404; }
            location /only/ { try_files /maintenance.html =503; }
        }""", ["GET a /", "GET a /a.txt", "GET a /about", "GET a /dir", "GET a /app/thing?x=1", "POST a /form",
               "GET a /docs/readme.txt", "GET a /docs/none", "GET a /only/x", "GET a /img/none.png"]),
    "redirects": ("""
        server { listen 127.0.0.1:@PORT@;
            rewrite ^/old/(.*)$ /new/$1 permanent;
            rewrite ^/u/([^/]+)/?$ /user?name=$1 permanent;
            location /gone { return 410; }
            location /temp { return 302 /elsewhere; }
            location /to { return 301 https://example.org$request_uri; }
            location /seven { return 307 http://$host/eight?from=$uri; }
            location /text { return 403 "go away"; }
            location /in { rewrite ^/in/(.*)\\.txt$ /$1.txt last; return 404; }
            location /q { rewrite ^ /a.txt? redirect; }
            location ~ ^/cap/(\\w+)/(\\w+) { return 301 /$2/$1; }
            location = /bare { return 301 http://other.example/; }
        }""", ["GET a /old/x", "GET a /old/x?y=1", "GET a /u/joe", "GET a /u/joe/?k=v", "GET a /gone",
               "GET a /temp?x",
               "GET a /to/here?x=1", "GET a /seven", "GET a /text", "GET a /in/a.txt", "GET a /q?x=1",
               "GET a /cap/one/two",
               "GET a /bare", "GET a /a.txt", "POST a /temp", "GET a /in/x", "GET a /x?z=/old/1"]),
    "hosts": ("""
        server { listen 127.0.0.1:@PORT@ default_server; return 404; }
        server { listen 127.0.0.1:@PORT@; server_name shop.example www.shop.example; root @DIR@/root/shop; }
        server { listen 127.0.0.1:@PORT@; server_name *.shop.example; return 301 http://shop.example$request_uri; }
        server { listen 127.0.0.1:@PORT@; server_name .blog.example; root @DIR@/root/blog; }
        server { listen 127.0.0.1:@PORT@; server_name mail.*; return 403; }
        server { listen 127.0.0.1:@PORT@; server_name ~^(?<user>[a-z]+)\\.home\\.example$;
                 return 302 http://home.example/$user$uri; }
        """, ["GET shop.example /", "GET www.shop.example /", "GET x.shop.example /y?z", "GET blog.example /",
              "GET a.b.blog.example /", "GET mail.anything.example /", "GET joe.home.example /p",
               "GET nobody.example /",
              "GET shop.example:@PORT@ /", "GET SHOP.example /", "GET www.blog.example /none"]),
    "conditions": ("""
        server { listen 127.0.0.1:@PORT@; server_name a;
            if ($request_method = DELETE) { return 405; }
            if ($http_user_agent ~* "badbot|evil") { return 403; }
            if ($host = www.a) { return 301 http://a$request_uri; }
            if ($arg_debug = "yes") { return 204; }
            if ($http_cookie ~ "session=old") { return 302 /login; }
            location / { }
            location /if/ { if ($http_x_want = "red") { return 302 /red; } return 403; }
            location /app/ { if (!-e $request_filename) { rewrite ^ /index.html last; } }
            location /file/ { if (!-f $request_filename) { rewrite ^(.*)$ /about.html last; } }
        }""", ["GET a /", "DELETE a /a.txt", "GET a / User-Agent: EvilBot", "GET www.a /x?y",
               "GET a /a.txt?debug=yes",
               "GET a /a.txt?debug=no", "GET a / Cookie: a=b; session=old", "GET a /if/ X-Want: red",
               "GET a /if/ X-Want: blue",
               "GET a /app/none", "GET a /app/index.php", "GET a /file/none", "GET a /none"]),
    "access": ("""
        server { listen 127.0.0.1:@PORT@;
            location /secret/ { auth_basic "Members"; auth_basic_user_file users; }
            location /secret/open/ { auth_basic off; }
            location /inner/ { allow 10.0.0.0/8; deny all; }
            location /local/ { allow 127.0.0.1; deny all; alias @DIR@/outside/files/; }
            location /not/ { deny 127.0.0.1; }
        }""", ["GET a /secret/x.txt", "GET a /secret/x.txt Authorization: Basic am9lOnNlY3JldA==",
               "GET a /secret/x.txt Authorization: Basic am9lOndyb25n", "GET a /secret/open/", "GET a /inner/x",
               "GET a /local/f.txt", "GET a /not/x", "GET a /a.txt"]),
    "nested locations and precedence": ("""
        server { listen 127.0.0.1:@PORT@;
            location / { add_header X-Test root; }
            location /img/ { add_header X-Test img;
                location ~ \\.png$ { add_header X-Test img-png; }
                location /img/deep/ { add_header X-Test img-deep; }
            }
            location ~ \\.png$ { add_header X-Test png; }
            location ~ \\.txt$ { add_header X-Test txt; }
            location ^~ /docs/ { add_header X-Test docs; }
            location /dir/ { add_header X-Test dir; }
            location = /a.txt { add_header X-Test exact; }
        }""", ["GET a /img/a.png", "GET a /img/deep/b.png", "GET a /a.txt", "GET a /old.txt",
               "GET a /docs/readme.txt",
               "GET a /dir/x.txt", "GET a /dir/", "GET a /about.html"]),
    "TLS": ("""
        server { listen 127.0.0.1:@PORT@; server_name tls.example; return 301 https://$host$request_uri; }
        server { listen 127.0.0.1:@TLS@ ssl; server_name tls.example;
                 ssl_certificate one.pem; ssl_certificate_key one.key;
                 ssl_protocols TLSv1.2 TLSv1.3; ssl_session_cache shared:a:1m;
                 add_header X-Test secure; location /s { return 200 "s"; } }
        server { listen 127.0.0.1:@TLS@ ssl; server_name two.example;
                 ssl_certificate two.pem; ssl_certificate_key two.key;
                 root @DIR@/root/shop; }
        """, ["GET tls.example /a?b", "TLS tls.example /a.txt", "TLS two.example /", "TLS tls.example /none"]),
    "compression and limits": ("""
        server { listen 127.0.0.1:@PORT@; gzip on; gzip_types text/css; gzip_min_length 100; client_max_body_size 1k;
            location /up { client_max_body_size 4k; proxy_pass http://127.0.0.1:@BACKEND@; }
            location /small { proxy_pass http://127.0.0.1:@BACKEND@; }
        }""", ["GET a /style.css Accept-Encoding: gzip", "GET a /style.css", "GET a /a.txt Accept-Encoding: gzip",
               "BIG a /up", "BIG a /small"]),
    "quoting": ("""
        server { listen 127.0.0.1:@PORT@;
            location ~ "^/[a-z]{3}-\\\\d{2}$" { return 200 'it''s'; }
            location ~ "^/year/(\\d{4})$" { return 301 "/y?of=$1"; }
            location = '/with space' { return 200 "a \\"quoted\\" text"; }
            location = /percent { return 302 /100%25; }
            add_header X-Test "semi; colon" always; # a comment; with { signs }
        }""".replace("'it''s'", "\"it's\"").replace("\\\\\\\\", "\\\\"),
                ["GET a /abc-12", "GET a /year/2026", "GET a /with%20space", "GET a /percent", "GET a /abcd-12",
               "GET a /year/26"]),
}


def nginx():
    program = shutil.which("nginx") or "/usr/sbin/nginx"
    if not os.access(program, os.X_OK):
        raise Skip("there is no nginx")
    return program


class Nginx:
    def __init__(self, path, port):
        self.process = subprocess.Popen([nginx(), "-c", path, "-e", path + ".log", "-g",
               "daemon off; master_process off;"],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        wait_for(lambda: answers(port) or self.process.poll() is not None, "nginx to listen")
        assert self.process.poll() is None, self.process.stderr.read().decode()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(10)
        self.process.stderr.close()


def tells(peer):
    """A backend that says what it was asked."""
    while True:
        method, target, fields, body = peer.request()
        if target == "/go":
            peer.say(b"HTTP/1.1 302 Found\r\nLocation: /gone\r\nContent-Length: 0\r\n\r\n")
            continue
        if target == "/check" and fields.get("cookie") != "session=good":
            peer.say(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n")
            continue
        # X-Forwarded-* is always there
        wanted = ("host", "x-const", "x-real-ip", "x-original-uri", "x-custom", "x-wanted", "x-auth-user", "x-tls")
        told = json.dumps([method, target, {k: fields[k] for k in wanted if k in fields}, len(body)])
        more = "X-Auth-User: joe\r\n" if target == "/check" else "X-Secret: s\r\n" if target == "/secret" else ""
        head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n%sContent-Length: %d\r\n\r\n" % (more, len(told))
        peer.say((head + ("" if method == "HEAD" else told)).encode())


def application(variables, body, connection):
    wanted = ("SCRIPT_FILENAME", "SCRIPT_NAME", "QUERY_STRING", "REQUEST_METHOD", "APP_ENV", "REQUEST_URI", "HTTPS")
    told = json.dumps([variables.get(k) for k in wanted])
    return b"Status: 200 OK\r\nContent-Type: application/json\r\n\r\n" + told.encode()


def ask(port, tls_port, line):
    method, host, target, *rest = line.split(" ", 3)
    fields = {"Host": host}
    if rest:
        name, _, value = rest[0].partition(": ")
        fields[name] = value
    body = b"x" * 2000 if method == "BIG" else b"a=b" if method == "POST" else None
    if method == "TLS":
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        connection = http.client.HTTPSConnection(LOCALHOST, tls_port, timeout=10, context=context)
        connection.sock = context.wrap_socket(connect(tls_port, 10), server_hostname=host)
    else:
        connection = http.client.HTTPConnection(LOCALHOST, port, timeout=10)
    connection.request({"BIG": "POST", "TLS": "GET"}.get(method, method), target, body=body, headers=fields)
    response = connection.getresponse()
    content = response.read()
    connection.close()
    seen = {"status": response.status}
    location = response.headers.get("Location")
    if location:
        base = "%s://%s%s" % ("https" if method == "TLS" else "http", host, target)
        seen["Location"] = urllib.parse.urljoin(base, location)
        for number in (port, tls_port):
            seen["Location"] = seen["Location"].replace(":%d/" % number, "/")
    if response.status < 300 or (response.status in (403, 404) and b"<html" not in content.lower()):
        seen["body"] = content
    for name in FIELDS + ALWAYS:
        value = ", ".join(response.headers.get_all(name, []))
        if value and (response.status < 300 or name in ALWAYS):
            seen[name] = value.split(";")[0] if name == "Content-Type" else value
    if response.headers.get("Content-Encoding"):
        seen["coding"], seen["body"] = response.headers["Content-Encoding"], b""
    if "WWW-Authenticate" in response.headers:
        seen["challenge"] = response.headers["WWW-Authenticate"].split(",")[0]
    return seen


# What differs on purpose: the request, and why.
ALLOWED = {
    "POST a /a.txt": "405 with Allow, and no page of nginx's",
    "GET a /empty/": "a folder that is not listed",
}


def places(directory):
    for name, content in FILES.items():
        write(os.path.join(directory, "root", name), content)
    for name, content in OUTSIDE.items():
        write(os.path.join(directory, "outside", name), content)
    write(os.path.join(directory, "users"), "joe:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=\n")
    for path, _, names in os.walk(directory):
        for name in names:
            os.utime(os.path.join(path, name), (1700000000, 1700000000))
    os.chmod(directory, 0o755)


def certificates_in(directory):
    authority = Authority()
    for name, host in (("one", "tls.example"), ("two", "two.example")):
        certificate = authority.issue(host)
        shutil.copy(certificate.certificate, os.path.join(directory, name + ".pem"))
        shutil.copy(certificate.key, os.path.join(directory, name + ".key"))


def configuration(directory, name, text, ports, backend):
    text = HEAD + text + "\n}\n"
    for word, value in (("@DIR@", directory), ("@PORT@", str(ports[0])), ("@TLS@", str(ports[1])), ("@NAME@", name),
                        ("@BACKEND@", str(backend)), ("@NOBODY@", "1")):
        text = text.replace(word, value)
    return write(os.path.join(directory, name + ".conf"), text)


def same_answers(name, cases=None):
    need("PCRE support")
    program = nginx()
    text, requests = (cases or CASES)[name]
    directory = folder("import")
    places(directory)
    if name.startswith("TLS"):
        need("SSL support")
        certificates_in(directory)
    backend = Backend(tells)
    ports = free_ports(4)
    theirs = configuration(directory, "nginx", text, ports[:2], backend.port)
    source = configuration(directory, "source", text, ports[2:], backend.port)
    done = subprocess.run([program, "-t", "-c", theirs, "-e", theirs + ".log"], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True)
    assert done.returncode == 0, done.stdout
    made = os.path.join(directory, "goldcrest.conf")
    status, output, errors = command("import", "-o", made, source)
    lines = [e for e in errors.splitlines() if "not needed" not in e and not e.startswith("note: ")]
    assert status == 0 and not lines, "left: %s" % lines
    tested = command("-tt", "--strict", "-f", made)
    assert tested[0] == 0, "%s\n%s" % (tested[2], open(made).read())
    with open(made) as f:
        imported = f.read()
    with Listener(fastcgi_serve(application), os.path.join(directory, "app.sock")):
        os.chmod(os.path.join(directory, "app.sock"), 0o777)
        with Nginx(theirs, ports[0]):
            server = Server(imported, directory=folder("imported"), wait=False)
            wait_for(lambda: answers(ports[2]) or server.process.poll() is not None, "the imported configuration")
            wrong = []
            for line in requests:
                a = ask(ports[0], ports[1], line.replace("@PORT@", str(ports[0])))
                b = ask(ports[2], ports[3], line.replace("@PORT@", str(ports[2])))
                if a != b and not (line in ALLOWED and a["status"] == b["status"]):
                    wrong.append("%s\n      nginx:     %s\n      goldcrest: %s" % (line, a, b))
            assert not wrong, "%d differ:\n    %s\n%s" % (len(wrong), "\n    ".join(wrong), imported)
    backend.close()


TOLD = """events { }
http {
  limit_req_zone $server_name zone=n:1m rate=1r/s;
  log_format j escape=json '{"a":"$uri"}';
  map $status $loggable { default 1; ~^2 0; }
  server { listen 8080; server_name one.example two.example;
    access_log a.log j if=$loggable;
    root /srv;
    error_page 404 /index.php;
    location / { try_files $uri /index.php; }
    location = /s { set $x 1;
      set $x 2; return 200; }
    location ~ ^/index\\.php$ { internal; fastcgi_pass 127.0.0.1:9; }
    location /l {
      access_log a.log; access_log b.log;
      limit_req zone=n; }
    location /p/ { proxy_pass http://127.0.0.1:1; proxy_set_header Host $host; }
  }
}
"""


def tells_what_is_left():
    directory = folder("import")
    path = write(os.path.join(directory, "nginx.conf"), "events { }\nhttp {\n  sendfile on;\n"
                 "  include more*.conf;\n}\n")
    write(os.path.join(directory, "more1.conf"), "server {\n  listen 8080;\n  perl_set $x y;\n  location / {\n"
          "    proxy_cache zone;\n    proxy_pass http://127.0.0.1:1;\n  }\n}\n")
    status, output, errors = command("import", path)
    assert status == 1, status
    for words in ("more1.conf:3:3: perl_set $x: nothing here is like it", "more1.conf:5:5: proxy_cache zone",
                  "nginx.conf:3: sendfile: not needed"):
        assert words in errors, "%s\n%s" % (words, errors)
    assert "left: %s/more1.conf:3:3" % directory in output and 'proxy.server = ( "" =>' in output, output
    made = os.path.join(directory, "made.conf")
    assert command("import", "-o", made, path)[0] == 1 and os.path.exists(made)
    assert command("import", "-o", made, path)[0] == 1, "a file that is there was overwritten"
    write(path, TOLD)
    status, output, errors = command("import", path)
    for words in ("13:32: internal: ", "9:5: error_page 404: error pages are files",
                  "7:5: access_log a.log: conditions cannot look at $status", "15:25: access_log b.log:",
                  "4:3: log_format j: values are not escaped", "16:7: limit_req zone=n: limits are for each client",
                  "note: %s:17: proxy_set_header: $host is sent with its port" % path,
                  "12:7: set $x: it has one value"):
        assert words in errors, "%s\n%s" % (words, errors)
    assert 'server.name = "one.example"' in output, output
    write(path, "http {\n  server { listen 80; \n")
    status, output, errors = command("import", path)
    assert status == 1 and 'nginx.conf:2:3: the "}" is missing of: server' in errors and not output, errors
    assert command("import")[0] == 255 and command("import", os.path.join(directory, "none"))[0] == 1


def serves_no_source():
    """What stands for a backend that could not be translated is no file."""
    need("PCRE support")
    directory = folder("import")
    path = write(os.path.join(directory, "nginx.conf"), """events { }
http { gzip on; gzip_types application/javascript;
server { listen 8080; root %s; index index.php;
    location ~ \\.php$ { fastcgi_pass $pool; }
    location /x/ { proxy_pass http://$up; }
    location /g/ { grpc_pass grpc://127.0.0.1:1; }
    location ~ css$ { expires 1d; add_header Cache-Control "public, immutable"; }
    location /closed/ { auth_request /auth; }
    location ~ txt$ { expires 1d; add_header Cache-Control private; }
} }
""" % directory)
    for name in ("index.php", "x/a", "g/a", "a.css", "a.txt", "a.js", "closed/a"):
        write(os.path.join(directory, name), "source")
    made = os.path.join(directory, "made.conf")
    assert command("import", "-o", made, path)[0] == 1
    with open(made, "a") as f:
        f.write('test "files" { "/index.php" => "403", "/" => "403", "/x/a" => "503", "/g/a" => "503"\n'
                '"/closed/a" => "403"\n'
                '"/a.css" => ( "200", "Cache-Control: max-age=86400, public, immutable" ),\n'
                '"/a.txt" => "Cache-Control: private" }\n')
    status, output, errors = command("-tt", "-f", made)
    assert status == 0, "%s\n%s" % (errors, open(made).read())
    assert '"text/javascript"' in open(made).read(), open(made).read()


def tests():
    return [Test("import: %s: nginx and goldcrest answer alike" % name, same_answers, name) for name in CASES] + \
        [Test("import: what is left is told with its line", tells_what_is_left),
         Test("import: no program is served as a file", serves_no_source)]
