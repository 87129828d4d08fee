//! The encodings of texts that `Decode` knows, by the names that IANA gives them.

use encoding_rs as web;

use super::pages;

/// An encoding of texts.
#[derive(Clone, Copy, Debug)]
pub enum Charset {
    /// Bytes from 128 on stand for nothing.
    Ascii,
    /// UTF-8.
    Utf8,
    /// UTF-16, the low byte first or last; a mark at the beginning is a letter like others.
    Utf16 {
        /// Whether the high byte comes first.
        is_big: bool,
    },
    /// UTF-16; a mark at the beginning, when there is one, says which byte comes first, which is otherwise the high one.
    MarkedUtf16,
    /// What bytes from 128 on stand for, those before being ASCII; and bytes for which that is not so.
    Page(&'static str, &'static [(u8, char)]),
    /// What all bytes stand for, and bytes for which that is not so.
    FullPage(&'static str, &'static [(u8, char)]),
    /// What bytes stand for is their number.
    Latin1(&'static [(u8, char)]),
    /// As browsers read it, one byte a letter, but without the control characters from 128 on.
    OneByte(&'static web::Encoding),
    /// As browsers read it, one byte a letter.
    Web(&'static web::Encoding),
    /// As browsers read it, but without letters for private use.
    EastAsian(&'static web::Encoding),
    /// HZ-GB-2312.
    Hz,
}

/// Lower-case names, separated by spaces, and what they name.
pub(super) static NAMES: [(&str, Charset); 53] = [
    (
        "us-ascii iso-ir-6 ansi_x3.4-1968 ansi_x3.4-1986 iso_646.irv:1991 iso646-us us ibm367 cp367 csascii",
        Charset::Ascii,
    ),
    ("utf-8 csutf8", Charset::Utf8),
    ("utf-16be csutf16be", Charset::Utf16 { is_big: true }),
    ("utf-16le csutf16le", Charset::Utf16 { is_big: false }),
    ("utf-16 csutf16", Charset::MarkedUtf16),
    (
        "ibm037 cp037 ebcdic-cp-us ebcdic-cp-ca ebcdic-cp-wt ebcdic-cp-nl csibm037",
        Charset::FullPage(pages::IBM037, &[]),
    ),
    (
        "ibm1047 ibm-1047 csibm1047",
        Charset::FullPage(
            pages::IBM037,
            &[
                (95, '^'),
                (173, '['),
                (176, '¬'),
                (186, 'Ý'),
                (187, '¨'),
                (189, ']'),
            ],
        ),
    ),
    (
        "ibm01140 ccsid01140 cp01140 ebcdic-us-37+euro csibm01140",
        Charset::FullPage(pages::IBM037, &[(159, '€')]),
    ),
    (
        "ibm437 cp437 437 cspc8codepage437",
        Charset::Page(pages::IBM437, &[]),
    ),
    (
        "ibm850 cp850 850 cspc850multilingual",
        Charset::Page(pages::IBM850, &[]),
    ),
    ("ibm852 cp852 852 cspcp852", Charset::Page(pages::IBM852, &[])),
    ("ibm855 cp855 855 csibm855", Charset::Page(pages::IBM855, &[])),
    (
        "ibm00858 ccsid00858 cp00858 pc-multilingual-850+euro csibm00858",
        Charset::Page(pages::IBM850, &[(213, '€')]),
    ),
    ("ibm860 cp860 860 csibm860", Charset::Page(pages::IBM860, &[])),
    (
        "ibm862 cp862 862 cspc862latinhebrew",
        Charset::Page(pages::IBM862, &[]),
    ),
    ("ibm863 cp863 863 csibm863", Charset::Page(pages::IBM863, &[])),
    ("ibm865 cp865 865 csibm865", Charset::Page(pages::IBM865, &[])),
    ("ibm866 cp866 866 csibm866", Charset::Web(&web::IBM866_INIT)),
    (
        "iso-8859-1 iso_8859-1 iso_8859-1:1987 iso-ir-100 latin1 l1 ibm819 cp819 csisolatin1",
        Charset::Latin1(&[]),
    ),
    (
        "iso-8859-2 iso_8859-2 iso_8859-2:1987 iso-ir-101 latin2 l2 csisolatin2",
        Charset::OneByte(&web::ISO_8859_2_INIT),
    ),
    (
        "iso-8859-3 iso_8859-3 iso_8859-3:1988 iso-ir-109 latin3 l3 csisolatin3",
        Charset::OneByte(&web::ISO_8859_3_INIT),
    ),
    (
        "iso-8859-4 iso_8859-4 iso_8859-4:1988 iso-ir-110 latin4 l4 csisolatin4",
        Charset::OneByte(&web::ISO_8859_4_INIT),
    ),
    (
        "iso-8859-5 iso_8859-5 iso_8859-5:1988 iso-ir-144 cyrillic csisolatincyrillic",
        Charset::OneByte(&web::ISO_8859_5_INIT),
    ),
    (
        "iso-8859-6 iso_8859-6 iso_8859-6:1987 iso-ir-127 ecma-114 asmo-708 arabic csisolatinarabic iso-8859-6-e iso_8859-6-e csiso88596e iso-8859-6-i iso_8859-6-i csiso88596i",
        Charset::OneByte(&web::ISO_8859_6_INIT),
    ),
    (
        "iso-8859-7 iso_8859-7 iso_8859-7:1987 iso-ir-126 elot_928 ecma-118 greek greek8 csisolatingreek",
        Charset::OneByte(&web::ISO_8859_7_INIT),
    ),
    (
        "iso-8859-8 iso_8859-8 iso_8859-8:1988 iso-ir-138 hebrew csisolatinhebrew iso-8859-8-e iso_8859-8-e csiso88598e iso-8859-8-i iso_8859-8-i csiso88598i",
        Charset::OneByte(&web::ISO_8859_8_INIT),
    ),
    (
        "iso-8859-9 iso_8859-9 iso_8859-9:1989 iso-ir-148 latin5 l5 csisolatin5",
        Charset::Latin1(&[
            (208, 'Ğ'),
            (221, 'İ'),
            (222, 'Ş'),
            (240, 'ğ'),
            (253, 'ı'),
            (254, 'ş'),
        ]),
    ),
    (
        "iso-8859-10 iso_8859-10:1992 iso-ir-157 latin6 l6 csisolatin6",
        Charset::OneByte(&web::ISO_8859_10_INIT),
    ),
    (
        "iso-8859-13 csiso885913",
        Charset::OneByte(&web::ISO_8859_13_INIT),
    ),
    (
        "iso-8859-14 iso_8859-14 iso_8859-14:1998 iso-ir-199 latin8 iso-celtic l8 csiso885914",
        Charset::OneByte(&web::ISO_8859_14_INIT),
    ),
    (
        "iso-8859-15 iso_8859-15 latin-9 csiso885915",
        Charset::OneByte(&web::ISO_8859_15_INIT),
    ),
    (
        "iso-8859-16 iso_8859-16 iso_8859-16:2001 iso-ir-226 latin10 l10 csiso885916",
        Charset::OneByte(&web::ISO_8859_16_INIT),
    ),
    ("koi8-r cskoi8r", Charset::Web(&web::KOI8_R_INIT)),
    ("koi8-u cskoi8u", Charset::Web(&web::KOI8_U_INIT)),
    ("macintosh mac csmacintosh", Charset::Web(&web::MACINTOSH_INIT)),
    (
        "windows-874 cswindows874",
        Charset::OneByte(&web::WINDOWS_874_INIT),
    ),
    (
        "windows-1250 cswindows1250",
        Charset::OneByte(&web::WINDOWS_1250_INIT),
    ),
    (
        "windows-1251 cswindows1251",
        Charset::OneByte(&web::WINDOWS_1251_INIT),
    ),
    (
        "windows-1252 cswindows1252",
        Charset::OneByte(&web::WINDOWS_1252_INIT),
    ),
    (
        "windows-1253 cswindows1253",
        Charset::OneByte(&web::WINDOWS_1253_INIT),
    ),
    (
        "windows-1254 cswindows1254",
        Charset::OneByte(&web::WINDOWS_1254_INIT),
    ),
    (
        "windows-1255 cswindows1255",
        Charset::OneByte(&web::WINDOWS_1255_INIT),
    ),
    (
        "windows-1256 cswindows1256",
        Charset::OneByte(&web::WINDOWS_1256_INIT),
    ),
    (
        "windows-1257 cswindows1257",
        Charset::OneByte(&web::WINDOWS_1257_INIT),
    ),
    (
        "windows-1258 cswindows1258",
        Charset::OneByte(&web::WINDOWS_1258_INIT),
    ),
    (
        "euc-jp extended_unix_code_packed_format_for_japanese cseucpkdfmtjapanese",
        Charset::EastAsian(&web::EUC_JP_INIT),
    ),
    (
        "iso-2022-jp csiso2022jp",
        Charset::EastAsian(&web::ISO_2022_JP_INIT),
    ),
    (
        "shift_jis ms_kanji csshiftjis",
        Charset::EastAsian(&web::SHIFT_JIS_INIT),
    ),
    ("euc-kr cseuckr", Charset::EastAsian(&web::EUC_KR_INIT)),
    ("gb18030 csgb18030", Charset::EastAsian(&web::GB18030_INIT)),
    (
        "gbk cp936 ms936 windows-936 csgbk",
        Charset::EastAsian(&web::GBK_INIT),
    ),
    ("hz-gb-2312", Charset::Hz),
    ("big5 csbig5", Charset::EastAsian(&web::BIG5_INIT)),
];
