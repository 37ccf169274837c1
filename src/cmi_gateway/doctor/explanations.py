"""
For each cause: what it is, which middleware or language does it, and how to mend it.

The texts are for developers, hence English.
"""

from __future__ import annotations

from typing import Final

import attrs

from cmi_gateway.doctor.cause_kinds import CauseKind


@attrs.frozen
class Explanation:
    """What a cause is, who does that, and how to mend it."""

    what: str
    who: str
    remedy: str


_RAW_BODY: Final = "Verify the raw body, read before any middleware or form parser touches it."
_SIGN_HERE: Final = (
    "Let `Merchant.sign` make the hash, or port `cmi_gateway.signature` with its test vectors."
)

EXPLANATIONS: Final[dict[CauseKind, Explanation]] = {
    CauseKind.VALUES_TRIMMED: Explanation(
        "White space at the ends of values was removed that belongs to the hashed text",
        "Laravel's TrimStrings, Express and .NET model binders, Python's str.strip(), JavaScript's trim() and C#'s Trim() "
        "also take no-break and other Unicode spaces, which PHP's trim() and the gateway leave.",
        f"{_RAW_BODY} Trim space, tab, LF, CR, NUL and VT only, and never send values with outer white space.",
    ),
    CauseKind.VALUES_NOT_TRIMMED: Explanation(
        "The hash was made over values with their outer white space",
        "The platform's generic PHP sample and many ports leave out the trim() of CMI's kit; CMI's own callback page removes "
        "only a final line feed.",
        "Trim each value before signing, and sign and post the same text.",
    ),
    CauseKind.FINAL_LINE_FEED: Explanation(
        "The line feed that ends the raw body was taken for a part of the last field",
        "The gateway ends its callback with a line feed, and PHP, Express, Java and Python form parsers append it to the "
        "value that comes last, HASH included.",
        "Remove one final line feed from the raw body before parsing it; `Merchant.verify` does.",
    ),
    CauseKind.LINE_BREAKS: Explanation(
        "Line breaks inside values were changed",
        "Browsers turn LF into CR LF when they post a form; C# kits remove CR and LF, Odoo removes LF, templates fold them.",
        "Send no line breaks: sign addresses and descriptions on one line.",
    ),
    CauseKind.EMPTY_AS_NULL: Explanation(
        "Empty values became null, or null became text",
        "Laravel's ConvertEmptyStringsToNull, Jackson and .NET binders make null of an empty value; string concatenation in "
        "Java, JavaScript and Python then writes 'null', 'undefined' or 'None'.",
        f"{_RAW_BODY} An empty value is an empty text and keeps its slot: a||b.",
    ),
    CauseKind.EMPTY_DROPPED: Explanation(
        "Empty fields were left out, on one side only",
        "PHP's array_filter() and empty() (which drop '0' too), Python's parse_qs without keep_blank_values, lodash's pickBy, "
        "Go's omitempty and Jackson's NON_EMPTY drop them.",
        f"Keep every field, empty ones included. {_RAW_BODY}",
    ),
    CauseKind.TYPED_VALUES: Explanation(
        "Values were turned into numbers or booleans and back",
        "JSON conversion, model binding to numbers, PHP's and JavaScript's loose numbers and spreadsheets make 0 of 00, "
        "drop leading zeros, and write amounts anew.",
        f"Keep values as the text that arrived or was signed. {_RAW_BODY}",
    ),
    CauseKind.ENTITIES_ENCODED: Explanation(
        "One side hashed values with HTML entities, the other without",
        "htmlspecialchars(), template auto-escaping or an XSS filter ran before the hash, or the gateway's own "
        "entities for quotes were decoded too early.",
        "Hash the plain text, escape it only when it is written into HTML; decode entities once before verifying.",
    ),
    CauseKind.ENTITIES_ENCODED_TWICE: Explanation(
        "HTML entities were encoded twice",
        "A template that escapes by itself was given text that was escaped already (Twig, Blade, Jinja, React), or two "
        "XSS filters follow each other.",
        "Escape once, at the place where the form is written.",
    ),
    CauseKind.ENTITIES_HTML5: Explanation(
        "HTML entities were decoded as HTML 5 does, without their semicolon",
        "Python's html.unescape(), the he package of JavaScript, browsers' innerHTML and PHP's ENT_HTML5 read '&curren' out of "
        "an URL's '&currency='.",
        "Decode names of HTML 4.01 closed by a semicolon only, as PHP's html_entity_decode with ENT_QUOTES does.",
    ),
    CauseKind.SLASHES_ADDED: Explanation(
        "Quotes in values got backslashes, or lost them",
        "WordPress adds slashes to $_POST, as old PHP did (magic quotes); addslashes() and stripslashes() do it by hand.",
        f"In WordPress use wp_unslash() once. {_RAW_BODY}",
    ),
    CauseKind.PLUS_AND_SPACE: Explanation(
        "Plus signs and spaces were taken for each other",
        "rawurldecode(), decodeURIComponent() and unquote() leave '+' alone where a form means a space; decoding twice, or posting "
        "unencoded base64, makes a space of a real '+'.",
        "Decode the body exactly once, as application/x-www-form-urlencoded; percent-encode '+' when you post.",
    ),
    CauseKind.PERCENT_CODED_TWICE: Explanation(
        "Values were percent-encoded once too often",
        "A proxy, a queue or an HTTP client given encoded text encoded it again; code that hashes what http_build_query(), "
        "urlencode() or encodeURIComponent() gave hashes encoded text.",
        "Hash plain values; encode once, when the body is built, and decode once.",
    ),
    CauseKind.CHARSET: Explanation(
        "The two sides turned letters into different bytes",
        "A page served as ISO-8859-9 (the platform's Turkish sample) or windows-1252, Java's getBytes() and C#'s "
        "Encoding.Default or Encoding.ASCII use another charset than UTF-8.",
        'Serve the form page as UTF-8, put accept-charset="UTF-8" on the form, and hash UTF-8 bytes.',
    ),
    CauseKind.MOJIBAKE: Explanation(
        "UTF-8 text was read as a one-byte charset and encoded again",
        "Tomcat without URIEncoding, PHP's utf8_encode() on UTF-8 text, MySQL connections in latin1 and files read as "
        "windows-1252 do it.",
        "Read requests, files and database connections as UTF-8; do not encode text that is UTF-8 already.",
    ),
    CauseKind.LETTERS_RECODED: Explanation(
        "Letters with accents were composed, decomposed or stripped",
        "macOS file names and some inputs use decomposed letters; iconv TRANSLIT, slug functions and Unicode normalization "
        "change them after signing.",
        "Normalize before signing, and post what was signed.",
    ),
    CauseKind.DOCUMENT_RULE: Explanation(
        "The word 'document' was rewritten on one side only",
        "CMI's firewall is said to rewrite the character behind that word, and CMI's kit does the same before hashing.",
        "Never send the word, in URLs least of all: write 'doc'.",
    ),
    CauseKind.NAMES_MANGLED: Explanation(
        "Field names were changed, and with them the order of the values",
        "PHP's $_POST turns '.', ' ' and '[' in names into '_'; PHP, Rack, qs and Express make a list of a[0]; header-like maps "
        "exchange '_' and '-'.",
        f"{_RAW_BODY} Use no brackets, dots or underscores in names of your own.",
    ),
    CauseKind.NAMES_REPEATED: Explanation(
        "A field name came more than once",
        "Query and body were merged, a check box was given a hidden twin, or a list was posted; PHP keeps the last, Java and "
        "Go the first, ASP.NET and Express join them.",
        "Send every name once. `Merchant.verify` refuses repeated names, since programs read them differently.",
    ),
    CauseKind.ORDER_CASE_SENSITIVE: Explanation(
        "Names were sorted with regard to case",
        "PHP's ksort(), Python's sorted(), JavaScript's sort(), Java's TreeMap and Go's sort.Strings put capital letters first.",
        "Sort by upper-cased names.",
    ),
    CauseKind.ORDER_LOWER_CASE: Explanation(
        "Names were sorted by their lower-cased form, which puts '_' and '[' before letters",
        "sorted(key=str.lower), strtolower() before ksort() and OrdinalIgnoreCase look-alikes do it.",
        "Sort by upper-cased names, which puts '_' after letters.",
    ),
    CauseKind.ORDER_OF_LOCALE: Explanation(
        "Names were sorted by the rules of a language",
        "JavaScript's localeCompare(), ICU, C#'s SortedList and OrderBy with a culture, and databases' collations sort '_', '-' "
        "and '.' in their own way.",
        "Compare upper-cased names by code unit: StringComparer.Ordinal on ToUpperInvariant(), or < and > in JavaScript.",
    ),
    CauseKind.ORDER_OF_ARRIVAL: Explanation(
        "Names were not sorted, or sorted backwards",
        "Code written for the fixed field list of older hash versions, or a sort whose result was dropped.",
        "Sort by upper-cased names before joining the values.",
    ),
    CauseKind.ORDER_NATURAL: Explanation(
        "Names were sorted naturally and with regard to case",
        "PHP's natsort() and SORT_NATURAL without SORT_FLAG_CASE.",
        "Use natcasesort() or sort by upper-cased names; keep to nine numbered names of a kind, where both agree.",
    ),
    CauseKind.ESCAPE_ORDER: Explanation(
        "The separator was escaped before the escape character",
        r"Ports that replace '|' first and '\' second escape their own escapes.",
        r"Replace '\' by '\\' first, then '|' by '\|'.",
    ),
    CauseKind.ESCAPE_MISSING: Explanation(
        r"'|' and '\' were not escaped",
        "Minimal ports, tested with values that hold neither.",
        r"Replace '\' by '\\', then '|' by '\|', in every value and in the key.",
    ),
    CauseKind.KEY_ESCAPE_MISSING: Explanation(
        r"'|' or '\' in the store key was not escaped",
        "Ports that escape the values and append the key as it is.",
        "Escape the key as a value, or choose a key of letters and digits.",
    ),
    CauseKind.SEPARATORS: Explanation(
        "The values and the key were joined in another way",
        "Joins that leave out, or add, the separator at the key, put the key first or forget it; HMAC functions.",
        "Each value is followed by '|', then comes the escaped key, and nothing after it.",
    ),
    CauseKind.OTHER_DIGEST: Explanation(
        "Another digest than SHA-512 was used",
        "Code written for another gateway or an older hash version.",
        f"Use SHA-512. {_SIGN_HERE}",
    ),
    CauseKind.BASE64_OF_HEX: Explanation(
        "The hexadecimal text of the digest was base64-encoded instead of its bytes",
        "base64_encode(hash('sha512', ...)) without the raw flag in PHP, hexdigest() in Python, digest('hex') in Node.",
        "Base64 of the 64 raw bytes: hash('sha512', $text, true), digest(), digest('base64').",
    ),
    CauseKind.HASH_IN_HEX: Explanation(
        "The digest was written in hexadecimal digits",
        "hexdigest() in Python, hash() without the raw flag in PHP, BitConverter in C#.",
        "Base64 of the 64 raw bytes.",
    ),
    CauseKind.HASH_VERSION_1: Explanation(
        "The hash is of version 1: SHA-1 over a fixed list of fields",
        "Code for old 3D Pay Hosting kits, or a merchant account that is still set to version 1.",
        "Send hashAlgorithm=ver3 and sign all fields; ask CMI to set the account to ver3. Never accept an older version.",
    ),
    CauseKind.HASH_VERSION_2: Explanation(
        "The hash is of version 2: SHA-512 over a fixed list of fields",
        "Code for kits of that time, or a merchant account that is still set to version 2.",
        "Send hashAlgorithm=ver3 and sign all fields; ask CMI to set the account to ver3. Never accept an older version.",
    ),
    CauseKind.HASH_UPPER_CASED: Explanation(
        "The hash lost the case of its letters",
        "Code that upper-cases or lower-cases both hashes before comparing, and databases without regard to case.",
        "Keep and compare hashes as they are: base64 distinguishes case.",
    ),
    CauseKind.HASH_DAMAGED: Explanation(
        "The hash itself was changed on the way",
        "Columns that are too short, URL-safe base64, stripped '=' signs, entities or a second percent-encoding.",
        "Keep the 88 characters as they are and encode them as any other value.",
    ),
    CauseKind.UNHASHED_FIELD_HASHED: Explanation(
        "hash or encoding took part in the hash",
        "Code that hashes the whole form, leaves out 'hash' but not 'HASH', or does not know about 'encoding'.",
        "Leave out 'hash' and 'encoding' in any case of letters, and nothing else.",
    ),
    CauseKind.FIELD_EXTRA: Explanation(
        "The body has a field that the hash does not cover",
        "A submit button with a name, a CSRF token, a reCAPTCHA answer, route parameters that a framework adds, fields added "
        "after signing, or a hash over chosen fields only.",
        "Give no name to buttons, add nothing to the form after signing, and verify the raw body.",
    ),
    CauseKind.FIELD_MISSING: Explanation(
        "The hash covers a field that the body lacks",
        "Disabled inputs and unticked boxes are not posted; allow-lists, strong parameters and limits on the number of fields "
        "(PHP's max_input_vars) drop fields.",
        f"Post every field that was signed. {_RAW_BODY}",
    ),
    CauseKind.VALUE_CHANGED: Explanation(
        "A field came with another value than was signed",
        "A quote in an unescaped HTML attribute cuts the value; scripts, filters and number formats rewrite it; or the "
        "payer changed it.",
        "Escape values when writing the form, sign last, change nothing afterwards.",
    ),
    CauseKind.OTHER_KEY: Explanation(
        "The hash was made with another of your keys",
        "Test key in production or the reverse, another merchant's key, or a key that was changed in the back office.",
        "Set the key of this environment; during a rotation give `Merchant` both, newest first.",
    ),
    CauseKind.KEY_WHITE_SPACE: Explanation(
        "The store key has white space around it, on one side",
        "Key files and environment files that end in a line feed, copied cells, Docker and Kubernetes secrets made with echo.",
        "Trim the key where it is loaded (printf or echo -n when the secret is made).",
    ),
    CauseKind.KEY_SPELLING: Explanation(
        "The store key was quoted or changed its case",
        "Environment files whose quotes are taken literally, forms that upper-case what is typed.",
        "Copy the key exactly as it is set in CMI's back office.",
    ),
    CauseKind.NOT_ACCEPTED: Explanation(
        "The hash matches, but `Merchant.verify` does not accept the message",
        "The message breaks a rule beside the hash.",
        "Mend what the detail names.",
    ),
}
