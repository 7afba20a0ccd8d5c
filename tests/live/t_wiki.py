#!/usr/bin/env python3
# t_wiki.py - a PHP application as its users have it: DokuWiki of Debian behind php-fpm, with a front controller
# SPDX-License-Identifier: BSD-3-Clause
import hashlib
import html
import os
import re
import shutil

from gateways import PhpFpm
from harness import LOCALHOST, Server, Skip, Test, backends, curl, folder, full, need, noise, read, write

WIKI = "/usr/share/dokuwiki"
SETTINGS = "/etc/dokuwiki"

CONFIG = r'''
server.modules = ( "mod_fastcgi", "mod_rewrite", "mod_access", "mod_accesslog", "mod_deflate" )
server.document-root = "@DIR@/wiki"
server.upload-dirs = ( "@DIR@" )
index-file.names = ( "doku.php" )
accesslog.filename = "@DIR@/access.log"
mimetype.assign = ( ".css" => "text/css", ".js" => "text/javascript", ".png" => "image/png", ".txt" => "text/plain" )
deflate.mimetypes = ( "text/" )
$HTTP["url"] =~ "^/(bin|data|inc|conf|vendor)/" { url.access-deny = ( "" ) }
url.rewrite-if-not-file = (
    "^/_media/([^?]*)(?:\?(.*))?$" => "/lib/exe/fetch.php?media=$1&$2",
    "^/_detail/([^?]*)(?:\?(.*))?$" => "/lib/exe/detail.php?media=$1&$2",
    "^/_export/([^/]+)/([^?]*)(?:\?(.*))?$" => "/doku.php?do=export_$1&id=$2&$3",
    "^/([^?]*)(?:\?(.*))?$" => "/doku.php?id=$1&$2",
)
fastcgi.server = ( ".php" => (( "socket" => "@SOCKET@" )) )
'''

PRELOAD = r'''<?php
define('DOKU_CONF', '%(dir)s/wiki/conf/');
define('DOKU_MAIN_CONF', '%(dir)s/wiki/conf/');
'''

LOCAL = r'''<?php
$conf['title'] = 'Live Wiki';
$conf['useacl'] = 1;
$conf['superuser'] = '@admin';
$conf['userewrite'] = 1;
$conf['savedir'] = '%(dir)s/data';
$conf['updatecheck'] = 0;
$conf['send404'] = 1;
'''


class Wiki:
    def __init__(self, fpm, backend):
        self.server = Server(CONFIG.replace("@SOCKET@", fpm.socket), backend, wait=False, directory=self.unpack())
        self.server.wait_ready()
        self.jar = os.path.join(self.server.dir, "jar")

    @staticmethod
    def unpack():
        place = folder("wiki")
        wiki = os.path.join(place, "wiki")
        try:
            shutil.copytree(WIKI, wiki)  # what it links to is copied, too
            shutil.copytree(SETTINGS, os.path.join(wiki, "conf"), ignore=shutil.ignore_patterns("*.auth.php"))
        except (OSError, shutil.Error) as error:
            raise Skip("DokuWiki cannot be copied: %s" % error)
        for name in ("attic", "cache", "index", "locks", "media", "media_attic", "media_meta", "meta", "pages", "tmp",
                     "log"):
            os.makedirs(os.path.join(place, "data", name))
        write(os.path.join(wiki, "inc", "preload.php"), PRELOAD % {"dir": place})
        write(os.path.join(wiki, "conf", "local.php"), LOCAL % {"dir": place})
        write(os.path.join(wiki, "conf", "acl.auth.php"), "*\t@ALL\t1\n*\t@user\t8\n")
        write(os.path.join(wiki, "conf", "users.auth.php"),
              "joe:%s:Joe Doe:joe@example.com:admin,user\n" % hashlib.md5(b"secret").hexdigest())
        return place

    def ask(self, path, *arguments):
        """(status, head, body), with the cookies of before."""
        status, output = curl("-i", "-b", self.jar, "-c", self.jar, "--compressed", *arguments,
                              "http://%s:%d%s" % (LOCALHOST, self.server.port, path))
        assert status == 0, output[-500:]
        head, body = output.split(b"\r\n\r\n", 1)
        while head.startswith(b"HTTP/1.1 100"):
            head, body = body.split(b"\r\n\r\n", 1)
        return int(head.split()[1]), head.decode(), body


def fields_of(body, form):
    """Names and values of the hidden inputs of a form."""
    inside = re.search(rb'<form[^>]*id="%s".*?</form>' % form, body, re.S).group(0)
    found = {}
    for tag in re.findall(rb'<input[^>]*type="hidden"[^>]*>', inside):
        name = re.search(rb'name="([^"]*)"', tag).group(1).decode()
        value = re.search(rb'value="([^"]*)"', tag)
        found[name] = html.unescape(value.group(1).decode()) if value else ""
    return found


def log_in(wiki):
    body = wiki.ask("/start?do=login")[2]
    assert b"dw__login" in body, body[-500:]
    arguments = ["-F", "u=joe", "-F", "p=secret"]
    for name, value in fields_of(body, b"dw__login").items():
        arguments += ["-F", "%s=%s" % (name, value)]
    wiki.ask("/start?do=login", *arguments)
    body = wiki.ask("/start")[2]
    assert b"Joe Doe" in body, body[-500:]


def edit(wiki, text):
    body = wiki.ask("/notes:first?do=edit")[2]
    form = fields_of(body, b"dw__editform")
    arguments = ["--form-string", "wikitext=" + text, "-F", "summary=live", "-F", "do[save]=1"]
    for name, value in form.items():
        arguments += ["-F", "%s=%s" % (name, value)]
    status, head, body = wiki.ask("/notes:first?do=edit", *arguments)
    assert status in (302, 303) and "ocation: " in head, (status, body[-500:])
    status, head, body = wiki.ask("/notes:first")
    assert status == 200 and b"<em>written</em>" in body, body[-1500:]
    return form["sectok"]


def upload(wiki, token):
    picture = b"\x89PNG\r\n\x1a\n" + noise(300000)
    path = write(os.path.join(wiki.server.dir, "picture.png"), picture)
    status, _, body = wiki.ask("/lib/exe/ajax.php", "-F", "call=mediaupload", "-F", "ns=", "-F", "mediaid=live.png",
                               "-F", "sectok=" + token, "-F", "qqfile=@%s;type=image/png" % path)
    assert status == 200 and b'"success":true' in body, body[-500:]
    status, head, body = wiki.ask("/_media/live.png")
    assert status == 200 and "Content-Type: image/png" in head and body == picture, (status, head, len(body))
    status, head, body = wiki.ask("/_media/live.png", "-r", "100-199")
    assert status == 206 and body == picture[100:200], (status, head)


def wiki_lives(backend):
    need("mod_fastcgi", "mod_rewrite", "PCRE support")
    if not os.path.exists(os.path.join(WIKI, "doku.php")):
        raise Skip("DokuWiki is not installed")
    with PhpFpm() as fpm:
        wiki = Wiki(fpm, backend)
        status, head, body = wiki.ask("/")
        if status == 500 and "xml" in wiki.server.log():
            raise Skip("php has no xml")
        assert status == 404 and b"Live Wiki" in body, (status, body[-800:])  # the page "start" is not written yet
        assert wiki.ask("/notes:first")[0] == 404
        log_in(wiki)
        upload(wiki, edit(wiki, "====== First ======\nThis was //written// by a test.\n"))
        assert b"written" in wiki.ask("/_export/raw/notes:first")[2]
        assert wiki.ask("/conf/users.auth.php")[0] == 403
        assert wiki.ask("/lib/images/external-link.svg")[0] == 200
        assert wiki.ask("/lib/exe/css.php")[0] == 200
        assert b"secret" not in read(os.path.join(wiki.server.dir, "access.log"))


def tests():
    which = backends() if full() else backends()[:1]
    return [Test("wiki: DokuWiki: log in, edit, upload with %s" % b, wiki_lives, b) for b in which]
