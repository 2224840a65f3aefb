"""What a request counts as."""

import re
from enum import StrEnum

from footfall.imports.logs.request import Request


class Kind(StrEnum):
    """What is counted as an event, in the words of the tracker; and what is left out, by reason."""

    PAGE_VIEW = "page_view"
    DOWNLOAD = "download"
    NOT_FOUND = "not_found"
    METHOD = "method"
    REDIRECT = "redirect"
    ERROR = "error"
    FEED = "feed"
    ASSET = "asset"
    PROXY = "proxy"


EVENTS = (Kind.PAGE_VIEW, Kind.DOWNLOAD, Kind.NOT_FOUND)

# What people take home. As the tracker's list (tracker/src/clicks.ts), and what servers give besides.
_DOWNLOAD = re.compile(
    r"\.(?:pdf|zip|gz|tgz|bz2|xz|zst|7z|rar|tar|rpm|deb|dmg|pkg|exe|msi|apk|appimage|iso|img|jar|docx?|xlsx?|pptx?|odt|ods|odp|rtf|csv|txt"
    r"|mp[34]|mov|avi|epub|mobi)$",
    re.IGNORECASE,
)
# of those, what programs read
_FOR_PROGRAMS = re.compile(r"/(?:robots|ads|app-ads|sellers|security|humans|llms|llms-full)\.txt$", re.IGNORECASE)
_FEED = re.compile(r"\.(?:rss|atom|rdf)$|/(?:rss|atom|feeds?|index)\.xml$|/(?:feed|rss|atom)/?$|/feed\.json$", re.IGNORECASE)
_ASSET = re.compile(
    r"\.(?:css|js|mjs|cjs|map|json|jsonld|webmanifest|manifest|appcache|wasm|xml|xsl|xslt|txt|ico|cur|png|apng|jpe?g|jfif|gif|svgz?|webp|avif"
    r"|heic|heif|jxl|tiff?|bmp|psd|woff2?|ttf|otf|eot|webm|og[gvam]|opus|wav|flac|aac|m4[avs]|m3u8?|mpd|ts|vtt|srt|mkv|wmv|flv|mpe?g|swf|class"
    r"|pl|rb|py|c|h|sh|patch|diff|sql|bak|asc|sig|sha\d+|md5|torrent|ics|vcf|bin|dat|br|glb|gltf|usdz|proto|lock|ya?ml|toml|ini|conf|log"
    r"|env|gitignore|htaccess)$",
    re.IGNORECASE,
)
_OK, _PARTIAL, _REDIRECTED, _NOT_MODIFIED, _REFUSED, _NOT_FOUND, _GONE = 200, 206, 300, 304, 400, 404, 410


def kind_of(request: Request, path: str) -> Kind:
    """What a request for this path of the site itself counts as.

    A page is what was asked for by GET and given, and is no picture, script or feed. What could not be found counts where it
    would have been a page; a part of a file (206) is no download.
    """
    if request.method != "GET":
        return Kind.METHOD
    status = request.status
    if _REDIRECTED <= status < _REFUSED and status != _NOT_MODIFIED:
        return Kind.REDIRECT
    if not (_OK <= status < _REFUSED):
        is_page = status in (_NOT_FOUND, _GONE) and not (_ASSET.search(path) or _DOWNLOAD.search(path) or _FEED.search(path))
        return Kind.NOT_FOUND if is_page else Kind.ERROR
    if _FEED.search(path):
        return Kind.FEED
    if _DOWNLOAD.search(path) and not _FOR_PROGRAMS.search(path):
        return Kind.ASSET if status == _PARTIAL else Kind.DOWNLOAD
    return Kind.ASSET if _ASSET.search(path) else Kind.PAGE_VIEW
