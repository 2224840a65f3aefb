"""One line, or a few, of each format that a log may be in, and the request that it tells of; written for these tests.

Every sample is one visit of one page: GET /shoes?size=42 of www.acme.example on 2026-03-10 at noon UTC by 203.0.113.9, who came
from a search. What a format does not say is None.
"""

# ruff: noqa: E501  lines are as long as servers write them

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from footfall.imports.logs.request import Request

AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
FROM = "https://www.google.com/"
TIME = "[10/Mar/2026:12:00:00 +0000]"
GET = '"GET /shoes?size=42 HTTP/1.1" 200 512'
WHOLE = Request(
    datetime(2026, 3, 10, 12, tzinfo=UTC),
    "/shoes?size=42",
    200,
    "GET",
    "203.0.113.9",
    None,
    FROM,
    AGENT,
    "www.acme.example",
    None,
)
BARE = replace(WHOLE, host=None)
ENCRYPTED = replace(WHOLE, scheme="https")
_FIELDS = (
    "#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) sc-status"
)
_PLUS = AGENT.replace(" ", "+")
_ESCAPED = AGENT.replace(" ", "%20")


@dataclass(frozen=True)
class Sample:
    """A file of a format; the request that its last line tells of; the `--format` that it takes, if any."""

    name: str
    format: str
    log: str
    request: Request
    wanted: str = ""


SAMPLES = (
    Sample("common", "common", f"203.0.113.9 - - {TIME} {GET}", replace(BARE, referrer=None, user_agent=None)),
    Sample("combined", "common", f'203.0.113.9 - jo {TIME} {GET} "{FROM}" "{AGENT}"', BARE),
    Sample("combined, a user with blanks", "common", f'203.0.113.9 - jo doe {TIME} {GET} "{FROM}" "{AGENT}"', BARE),
    Sample(
        "common with the site first",
        "common",
        f"www.acme.example 203.0.113.9 - - {TIME} {GET}",
        replace(WHOLE, referrer=None, user_agent=None),
    ),
    Sample("combined with the site first", "common", f'www.acme.example 203.0.113.9 - - {TIME} {GET} "{FROM}" "{AGENT}"', WHOLE),
    Sample("site and port first", "common", f'www.acme.example:443 203.0.113.9 - - {TIME} {GET} "{FROM}" "{AGENT}"', ENCRYPTED),
    Sample("the site second (lighttpd, OVH)", "common", f'203.0.113.9 www.acme.example - {TIME} {GET} "{FROM}" "{AGENT}"', WHOLE),
    Sample("the site last", "common", f'203.0.113.9 - - {TIME} {GET} "{FROM}" "{AGENT}" "www.acme.example"', WHOLE),
    Sample(
        "syslog of RFC 3164", "common", f'<190>Mar 10 12:00:00 web1 nginx: 203.0.113.9 - - {TIME} {GET} "{FROM}" "{AGENT}"', BARE
    ),
    Sample(
        "syslog with a number",
        "common",
        f'Mar 10 12:00:00 web1 httpd[42]: www.acme.example 203.0.113.9 - - {TIME} {GET} "{FROM}" "{AGENT}"',
        WHOLE,
    ),
    Sample(
        "syslog of RFC 5424",
        "common",
        f'<134>1 2026-03-10T12:00:00.003Z web1 nginx 42 - - 203.0.113.9 - - {TIME} {GET} "{FROM}" "{AGENT}"',
        BARE,
    ),
    Sample(
        "a forwarded list first",
        "common",
        f'203.0.113.9, 10.183.250.139 - - {TIME} {GET} "{FROM}" "{AGENT}"',
        replace(BARE, address=None, forwarded="203.0.113.9, 10.183.250.139"),
    ),
    Sample(
        "a forwarded list in quotes",
        "common",
        f'"203.0.113.9, 10.183.250.139" - - {TIME} {GET} "{FROM}" "{AGENT}"',
        replace(BARE, address=None, forwarded="203.0.113.9, 10.183.250.139"),
    ),
    Sample(
        "a forwarded list last (nginx: main)",
        "common",
        f'10.0.0.1 - - {TIME} {GET} "{FROM}" "{AGENT}" "203.0.113.9, 10.0.0.2"',
        replace(BARE, address="10.0.0.1", forwarded="203.0.113.9, 10.0.0.2"),
    ),
    Sample(
        "forwarded and balancer before",
        "common",
        f'203.0.113.9 10.0.0.1 - - {TIME} {GET} "{FROM}" "{AGENT}"',
        replace(BARE, address="10.0.0.1", forwarded="203.0.113.9"),
    ),
    Sample("the time it took before the referrer", "common", f'203.0.113.9 - - {TIME} {GET} 0.005 "{FROM}" "{AGENT}"', BARE),
    Sample("the time it took before the request", "common", f'203.0.113.9 - - {TIME} (0 s) {GET} "{FROM}" "{AGENT}"', BARE),
    Sample("times last", "common", f'203.0.113.9 - - {TIME} {GET} "{FROM}" "{AGENT}" rt=0.005 uct="0.000" urt="0.005"', BARE),
    Sample(
        "ingress of Kubernetes",
        "common",
        f'203.0.113.9 - - {TIME} {GET} "{FROM}" "{AGENT}" 310 0.005 [shop-web-80] [] 10.1.2.3:8080 512 0.005 200 5c1f0e',
        BARE,
    ),
    Sample(
        "a runtime of Kubernetes",
        "common",
        f'2026-03-10T12:00:00.123456789Z stdout F 203.0.113.9 - - {TIME} {GET} "{FROM}" "{AGENT}"',
        BARE,
    ),
    Sample("Docker compose", "common", f'web-1  | 203.0.113.9 - - {TIME} {GET} "{FROM}" "{AGENT}"', BARE),
    Sample(
        "Traefik's common format",
        "common",
        f'203.0.113.9 - - {TIME} {GET} "{FROM}" "{AGENT}" 1 "web@docker" "http://10.0.0.2:80" 5ms',
        BARE,
    ),
    Sample("a time of ISO 8601", "common", f'203.0.113.9 - - [2026-03-10T13:00:00+01:00] {GET} "{FROM}" "{AGENT}"', BARE),
    Sample("the time first", "common", f'{TIME} www.acme.example 203.0.113.9 {GET} "{FROM}" "{AGENT}"', WHOLE),
    Sample(
        "address and port",
        "common",
        f'203.0.113.9:50000 - - {TIME} {GET} "{FROM}" "{AGENT}"',
        replace(BARE, address="203.0.113.9:50000"),
    ),
    Sample(
        "IPv6 in brackets",
        "common",
        f'[2001:db8::5]:443 - - {TIME} {GET} "{FROM}" "{AGENT}"',
        replace(BARE, address="[2001:db8::5]:443"),
    ),
    Sample(
        "names of hosts",
        "common",
        f'dsl-12.isp.example - - {TIME} {GET} "{FROM}" "{AGENT}"',
        replace(BARE, address="dsl-12.isp.example"),
    ),
    Sample(
        "Varnish, which writes whole addresses",
        "common",
        f'203.0.113.9 - - {TIME} "GET http://www.acme.example/shoes?size=42 HTTP/1.1" 200 512 "{FROM}" "{AGENT}"',
        replace(BARE, target="http://www.acme.example/shoes?size=42"),
    ),
    Sample(
        "IIS, W3C",
        "w3c",
        f"#Software: Microsoft Internet Information Services 10.0\n{_FIELDS}\n"
        f"2026-03-10 12:00:00 10.0.0.1 GET /shoes size=42 443 - 203.0.113.9 {_PLUS} {FROM} 200",
        replace(BARE, scheme="https"),
    ),
    Sample(
        "IIS, W3C, with other fields further down",
        "w3c",
        f"{_FIELDS}\n2026-03-09 12:00:00 10.0.0.1 GET /a - 443 - 203.0.113.9 {_PLUS} - 200\n"
        "#Fields: date time c-ip cs-host cs-method cs-uri-stem cs-uri-query sc-status cs(User-Agent) cs(Referer)\n"
        f"2026-03-10 12:00:00 203.0.113.9 www.acme.example GET /shoes size=42 200 {_PLUS} {FROM}",
        WHOLE,
    ),
    Sample(
        "IIS, its own",
        "iis",
        "203.0.113.9, -, 03/10/26, 12:00:00, W3SVC1, WEB1, 10.0.0.1, 15, 310, 512, 200, 0, GET, /shoes, size=42,",
        replace(BARE, referrer=None, user_agent=None),
    ),
    Sample(
        "CloudFront",
        "w3c",
        "#Version: 1.0\n#Fields: date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status cs(Referer)"
        " cs(User-Agent) cs-uri-query cs(Cookie) x-edge-result-type x-edge-request-id x-host-header cs-protocol\n"
        + "\t".join(
            f"2026-03-10 12:00:00 FRA2 512 203.0.113.9 GET d1.cloudfront.net /shoes 200 {FROM} {_ESCAPED} size=42 - Hit x www.acme.example"
            " https".split(" ")
        ),
        ENCRYPTED,
    ),
    Sample(
        "AWS, application load balancer",
        "aws",
        "h2 2026-03-10T12:00:00.000000Z app/shop/50dc6c495c0c9188 203.0.113.9:2817 10.0.0.1:80 0.000 0.001 0.000 200 200 34 512"
        f' "GET https://www.acme.example:443/shoes?size=42 HTTP/2.0" "{AGENT}" ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2 arn:aws:x "Root=1"',
        replace(ENCRYPTED, referrer=None),
    ),
    Sample(
        "AWS, classic load balancer",
        "aws",
        "2026-03-10T12:00:00.000000Z shop 203.0.113.9:2817 10.0.0.1:80 0.00007 0.001 0.00005 200 200 0 512"
        f' "GET http://www.acme.example:80/shoes?size=42 HTTP/1.1" "{AGENT}" - -',
        replace(WHOLE, referrer=None, scheme="http"),
    ),
    Sample(
        "AWS, S3",
        "aws",
        f"79a59df9 www.acme.example {TIME} 203.0.113.9 - 3E57427F3EXAMPLE WEBSITE.GET.OBJECT shoes {GET[:-3]}- 512 512 10 9"
        f' "{FROM}" "{AGENT}" - s9lz - - - www.acme.example.s3-website-eu-west-1.amazonaws.com - -',
        WHOLE,
    ),
    Sample(
        "Cloudflare",
        "json",
        '{"ClientIP":"203.0.113.9","ClientRequestHost":"www.acme.example","ClientRequestMethod":"GET","ClientRequestURI":"/shoes?size=42",'
        '"EdgeEndTimestamp":"2026-03-10T12:00:01Z","EdgeResponseBytes":512,"EdgeResponseStatus":200,"EdgeStartTimestamp":"2026-03-10T12:00:00Z",'
        f'"ClientRequestReferer":"{FROM}","ClientRequestUserAgent":"{AGENT}","ClientRequestScheme":"https","RayID":"41ddf1740f67442d"}}',
        ENCRYPTED,
    ),
    Sample(
        "Cloudflare, nanoseconds",
        "json",
        '{"ClientIP":"203.0.113.9","ClientRequestHost":"www.acme.example","ClientRequestMethod":"GET","ClientRequestURI":"/shoes?size=42",'
        '"EdgeResponseStatus":200,"EdgeStartTimestamp":1773144000000000000,'
        f'"ClientRequestReferer":"{FROM}","ClientRequestUserAgent":"{AGENT}"}}',
        WHOLE,
    ),
    Sample(
        "Google storage",
        "json",
        '"time_micros","c_ip","c_ip_type","c_ip_region","cs_method","cs_uri","sc_status","cs_bytes","sc_bytes","time_taken_micros","cs_host",'
        '"cs_referer","cs_user_agent","s_request_id","cs_operation","cs_bucket","cs_object"\n'
        '"1773144000000000","203.0.113.9","1","","GET","/shoes?size=42","200","0","512","9000","www.acme.example",'
        f'"{FROM}","{AGENT}","x","GET_Object","www.acme.example","shoes"',
        WHOLE,
    ),
    Sample(
        "Google Cloud, load balancer",
        "json",
        '{"httpRequest":{"requestMethod":"GET","requestUrl":"https://www.acme.example/shoes?size=42","status":200,"responseSize":"512",'
        f'"userAgent":"{AGENT}","remoteIp":"203.0.113.9","referer":"{FROM}"}},"insertId":"a","timestamp":"2026-03-10T12:00:00Z",'
        '"severity":"INFO","resource":{"type":"http_load_balancer"}}',
        ENCRYPTED,
    ),
    Sample(
        "nginx, JSON",
        "json",
        '{"time_iso8601":"2026-03-10T12:00:00+00:00","remote_addr":"203.0.113.9","request":"GET /shoes?size=42 HTTP/1.1","status":"200",'
        f'"body_bytes_sent":"512","http_referer":"{FROM}","http_user_agent":"{AGENT}","host":"www.acme.example","request_time":"0.005"}}',
        WHOLE,
    ),
    Sample(
        "nginx, JSON, method and path apart",
        "json",
        '{"msec":"1773144000.000","client_ip":"203.0.113.9","request_method":"GET","request_uri":"/shoes?size=42","status":200,'
        f'"referer":"{FROM}","user_agent":"{AGENT}","server_name":"www.acme.example","scheme":"https"}}',
        ENCRYPTED,
    ),
    Sample(
        "Caddy",
        "json",
        '{"level":"info","ts":1773144000.0,"logger":"http.log.access","msg":"handled request","request":{"remote_ip":"203.0.113.9",'
        '"remote_port":"50000","client_ip":"203.0.113.9","proto":"HTTP/2.0","method":"GET","host":"www.acme.example","uri":"/shoes?size=42",'
        f'"headers":{{"User-Agent":["{AGENT}"],"Referer":["{FROM}"]}},"tls":{{"server_name":"www.acme.example"}}}},"duration":0.01,"size":512,"status":200}}',
        WHOLE,
    ),
    Sample(
        "Traefik",
        "json",
        '{"ClientAddr":"10.0.0.1:52458","ClientHost":"203.0.113.9","ClientPort":"52458","DownstreamStatus":200,"OriginStatus":200,'
        '"RequestHost":"www.acme.example","RequestMethod":"GET","RequestPath":"/shoes?size=42","RequestProtocol":"HTTP/2.0","RequestScheme":"https",'
        f'"StartUTC":"2026-03-10T12:00:00.000000Z","request_Referer":"{FROM}","request_User-Agent":"{AGENT}","level":"info","time":"2026-03-10T12:00:01Z"}}',
        ENCRYPTED,
    ),
    Sample(
        "Docker around combined",
        "common",
        '{"log":"203.0.113.9 - - '
        + TIME
        + " "
        + f'{GET} "{FROM}" "{AGENT}"'.replace('"', '\\"')
        + '\\n","stream":"stdout","time":"2026-03-10T12:00:00.123456789Z"}',
        BARE,
    ),
    Sample(
        "Docker around JSON",
        "json",
        '{"log":"{\\"ts\\":1773144000,\\"ip\\":\\"203.0.113.9\\",\\"path\\":\\"/shoes?size=42\\",\\"status\\":200,\\"ua\\":\\"'
        + AGENT
        + '\\",\\"referrer\\":\\"'
        + FROM
        + '\\",\\"vhost\\":\\"www.acme.example\\"}\\n","stream":"stdout","time":"2026-03-10T12:00:00Z"}',
        WHOLE,
    ),
    Sample(
        "HAProxy",
        "haproxy",
        "Mar 10 12:00:00 lb haproxy[6801]: 203.0.113.9:55008 [10/Mar/2026:12:00:00.000] ft_https~ bk/web1 0/0/0/72/72 200 512 - - ----"
        ' 5/4/0/1/0 0/0 "GET /shoes?size=42 HTTP/1.1"',
        replace(BARE, scheme="https", referrer=None, user_agent=None),
    ),
    Sample(
        "HAProxy with captured headers",
        "haproxy",
        "203.0.113.9:55008 [10/Mar/2026:12:00:00.000] ft~ bk/web1 0/0/0/72/72 200 512 - - ---- 5/4/0/1/0 0/0"
        f' {{www.acme.example|{FROM}|{AGENT}}} {{}} "GET /shoes?size=42 HTTP/1.1"',
        ENCRYPTED,
    ),
    Sample(
        "Envoy",
        "envoy",
        '[2026-03-10T12:00:00.000Z] "GET /shoes?size=42 HTTP/2" 200 - 0 512 226 100 "203.0.113.9"'
        f' "{AGENT}" "cc21d9b0-cf5c-432b" "www.acme.example" "10.0.2.1:80"',
        replace(WHOLE, address=None, forwarded="203.0.113.9", referrer=None),
    ),
    Sample(
        "Istio",
        "envoy",
        '[2026-03-10T12:00:00.000Z] "GET /shoes?size=42 HTTP/1.1" 200 - via_upstream - "-" 0 512 3 2 "203.0.113.9"'
        f' "{AGENT}" "cc21d9b0" "www.acme.example" "10.0.2.1:80" outbound|80||web.shop.svc.cluster.local 10.0.1.1:3 10.0.2.1:80 - -',
        replace(WHOLE, address=None, forwarded="203.0.113.9", referrer=None),
    ),
    Sample(
        "LTSV",
        "json",
        f"time:10/Mar/2026:12:00:00 +0000\thost:203.0.113.9\treq:GET /shoes?size=42 HTTP/1.1\tstatus:200\tsize:512\treferer:{FROM}"
        f"\tua:{AGENT}\tvhost:www.acme.example",
        WHOLE,
    ),
    Sample(
        "logfmt",
        "json",
        f'time=2026-03-10T12:00:00Z method=GET path="/shoes?size=42" host=www.acme.example ip=203.0.113.9 status=200 referer="{FROM}" ua="{AGENT}"',
        WHOLE,
    ),
    Sample(
        "a format as nginx is told it",
        "custom",
        f"203.0.113.9|2026-03-10T12:00:00+00:00|https|www.acme.example|GET /shoes?size=42 HTTP/2.0|200|{FROM}|{AGENT}",
        ENCRYPTED,
        "'$remote_addr|$time_iso8601|$scheme|$host|' '$request|$status|$http_referer|$http_user_agent'",
    ),
    Sample(
        "a format as Apache is told it",
        "custom",
        f'www.acme.example 443 203.0.113.9 jo doe [10 March 2026 12:00:00] GET "/shoes" "?size=42" 200 512 "{FROM}" "{AGENT}" 15',
        ENCRYPTED,
        r"%v %p %h %u [%{%d %B %Y %H:%M:%S}t] %m \"%U\" \"%q\" %>s %b \"%{Referer}i\" \"%{User-Agent}i\" %D",
    ),
)
