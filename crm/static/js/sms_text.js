// What an SMS costs, as mobiletech/wire/sms_text.py counts it: fold to GSM-7, units, parts. Pure.
const BASIC = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
const EXTENSION = "\f^{}\\[~]|€";
const SEPTETS = new Map([...BASIC].map((sign) => [sign, 1]).concat([...EXTENSION].map((sign) => [sign, 2])));

const SPELLED = { "ő": "ö", "Ő": "Ö", "ű": "ü", "Ű": "Ü", "đ": "d", "Đ": "D", "ł": "l", "Ł": "L", "ı": "i", "œ": "oe", "Œ": "OE", "ð": "d", "Ð": "D", "þ": "th", "Þ": "Th", "ẞ": "SS", "©": "(c)", "®": "(R)", "×": "x", "÷": ":", "⁄": "/", "·": ".", "•": "-", "«": '"', "»": '"', "…": "...", "\t": " " };
const ALIKE = [
  ["'", /[‘’‚‛′‹›`´ʼ]/],
  ['"', /[“”„‟″]/],
  ["-", /[‐‑‒–—―−⁃]/],
  [" ", /[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]/],
  ["", /[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufe0e\ufe0f\ufeff]/],
  ["", /[\x00-\x08\x0e-\x1f\x7f-\x9f\ufffe\uffff]/],
];
const LINE_END = /\r\n|[\r\v\f\u0085\u2028\u2029]/g, ACCENT = /[\u0300-\u036f]/g;
const UNITS = { gsm7: { alone: 160, inPart: 153 }, ucs2: { alone: 70, inPart: 67 } };

const likeness = (sign) => SPELLED[sign] ?? ALIKE.find(([, signs]) => signs.test(sign))?.[0] ?? null;

const fold = (sign) => {
  if (SEPTETS.has(sign)) return sign;
  const like = likeness(sign);
  if (like !== null) return like;
  if (/\p{No}/u.test(sign)) return sign; // "10²" must not become "102"
  const plain = [...sign.normalize("NFKD").replace(ACCENT, "")].map((part) => likeness(part) ?? part).join("");
  return [...plain].every((part) => SEPTETS.has(part)) ? plain : sign;
};

/** The text as it would be sent; a sign without a likeness in GSM-7 stays as it is. */
export const folded = (text) => [...text.replace(LINE_END, "\n").normalize("NFC")].map(fold).join("");

const weigh = (sign, encoding) => (encoding === "ucs2" ? sign.length : SEPTETS.get(sign));

const cut = (signs, encoding, room) => {
  const parts = [""];
  let used = 0;
  for (const sign of signs) {
    const units = weigh(sign, encoding);
    if (used + units > room) { parts.push(""); used = 0; }
    parts[parts.length - 1] += sign;
    used += units;
  }
  return parts;
};

/** {encoding, units, room, parts: [text], replaced: [[from, to]], foreign: [sign]} */
export const measure = (text) => {
  const original = [...new Set(text.replace(LINE_END, "\n").normalize("NFC"))];
  const signs = [...folded(text)];
  const foreign = [...new Set(signs.filter((sign) => !SEPTETS.has(sign)))];
  const encoding = foreign.length ? "ucs2" : "gsm7";
  const { alone, inPart } = UNITS[encoding];
  const units = signs.reduce((sum, sign) => sum + weigh(sign, encoding), 0);
  const parts = cut(signs, encoding, units <= alone ? alone : inPart);
  const room = parts.length === 1 ? alone : parts.length * inPart;
  return { encoding, units, room, parts, foreign, replaced: original.map((sign) => [sign, fold(sign)]).filter(([from, to]) => from !== to) };
};

/** True for a sign that costs two units in GSM-7. */
export const isCostly = (sign) => SEPTETS.get(sign) === 2;
