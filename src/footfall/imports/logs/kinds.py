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

# What people take home, by the ends of names: as the tracker's list (tracker/src/clicks.ts), and what servers give besides.
_DOWNLOADS = """
    pdf zip gz tgz bz2 xz zst 7z rar tar rpm deb dmg pkg exe msi apk appimage iso img jar doc docx xls xlsx ppt pptx odt
    ods odp rtf csv txt mp3 mp4 mov avi epub mobi
"""
_FEEDS = "rss atom rdf"
# What pages are made of, and what programs read.
_ASSETS = """
    css js mjs cjs map json jsonld webmanifest manifest appcache wasm xml ico cur png apng jpg jpeg jfif gif svg svgz
    webp avif heic heif jxl tif tiff bmp psd woff woff2 ttf otf eot webm ogg ogv oga ogm opus wav flac aac m4a m4v m4s
    m3u m3u8 mpd ts vtt srt mkv wmv flv mpg mpeg swf class pl rb py c h sh patch diff sql asc sig md5 sha1 sha256 sha512
    torrent ics vcf bin dat br glb gltf usdz proto
"""
_BY_END = (
    dict.fromkeys(_ASSETS.split(), Kind.ASSET)
    | dict.fromkeys(_FEEDS.split(), Kind.FEED)
    | dict.fromkeys(_DOWNLOADS.split(), Kind.DOWNLOAD)
)
_FOR_PROGRAMS = re.compile(r"/(?:robots|ads|app-ads|sellers|security|humans|llms|llms-full)\.txt$", re.IGNORECASE)
_FEED = re.compile(r"/(?:rss|atom|feeds?|index)\.xml$|/(?:feed|rss|atom)/?$|/feed\.json$", re.IGNORECASE)
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
    kind = _kind_of_path(path)
    if not (_OK <= status < _REFUSED):
        return Kind.NOT_FOUND if kind is Kind.PAGE_VIEW and status in (_NOT_FOUND, _GONE) else Kind.ERROR
    return Kind.ASSET if kind is Kind.DOWNLOAD and status == _PARTIAL else kind


def _kind_of_path(path: str) -> Kind:
    name = path.rpartition("/")[2]
    end = name.rpartition(".")[2].lower() if "." in name else ""
    kind = _BY_END.get(end, Kind.PAGE_VIEW)
    if kind is not Kind.DOWNLOAD and _FEED.search(path):
        return Kind.FEED
    return Kind.ASSET if end == "txt" and _FOR_PROGRAMS.search(path) else kind
