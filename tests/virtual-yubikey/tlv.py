"""BER-TLV as PIV cards write it (ISO 7816-4): tags of one or two bytes, lengths to 65535."""


def tlv(tag, value):
    """tag: a number, 0x5fc1 is two bytes."""
    head = tag.to_bytes(2 if tag > 0xff else 1, "big")
    size = len(value)
    if size < 0x80:
        return head + bytes([size]) + value
    if size < 0x100:
        return head + bytes([0x81, size]) + value
    return head + b"\x82" + size.to_bytes(2, "big") + value


def items(data):
    """The (tag, value) pairs in their order. ValueError: these bytes are no such list."""
    at = 0
    try:
        while at < len(data):
            tag, at = data[at], at + 1
            if tag & 0x1f == 0x1f:
                tag, at = tag << 8 | data[at], at + 1
            size, at = data[at], at + 1
            if size > 0x80:
                width = size & 0x7f
                size, at = int.from_bytes(data[at:at + width], "big"), at + width
            if at + size > len(data):
                raise ValueError("a value is cut off")
            yield tag, data[at:at + size]
            at += size
    except IndexError:
        raise ValueError("a tag or length is cut off") from None


def parse(data):
    """tag -> value; of two with one tag the later."""
    return dict(items(data))
