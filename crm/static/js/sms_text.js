// What an SMS costs, as the server counts it: fold to GSM-7 where possible, units, parts. Pure.
const BASIC = new Set("@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà");
const EXTENDED = new Set("^{}\\[~]|€\f");
const SIGNS = { "„": '"', "“": '"', "”": '"', "‚": "'", "‘": "'", "’": "'", "–": "-", "—": "-", "…": "...", "\u00a0": " ", "\u202f": " ", "\u2009": " ", "\t": " ", "đ": "d", "Đ": "D", "ł": "l", "Ł": "L" };
const LIMITS = { gsm7: [160, 153], ucs2: [70, 67] };

const known = (sign) => BASIC.has(sign) || EXTENDED.has(sign);

/** One sign as GSM-7 can say it, or null. */
const fold = (sign) => {
  if (known(sign)) return sign;
  if (sign in SIGNS) return SIGNS[sign];
  const plain = sign.normalize("NFD").replace(/\p{M}/gu, "");
  return plain && [...plain].every(known) ? plain : null;
};

const weigh = (sign, encoding) => (encoding === "ucs2" ? sign.length : EXTENDED.has(sign) ? 2 : 1);

/** {encoding, units, parts: [text], room, replaced: [[from, to]], foreign: [sign], costly: Set} */
export const measure = (text) => {
  const signs = [...text.normalize("NFC")];
  const foreign = [...new Set(signs.filter((sign) => fold(sign) === null))];
  const encoding = foreign.length ? "ucs2" : "gsm7";
  const replaced = foreign.length ? [] : [...new Set(signs)].filter((sign) => !known(sign)).map((sign) => [sign, fold(sign)]);
  const sent = foreign.length ? signs : signs.flatMap((sign) => [...fold(sign)]);
  const units = sent.reduce((sum, sign) => sum + weigh(sign, encoding), 0);
  const [single, joined] = LIMITS[encoding];
  const parts = cut(sent, encoding, units <= single ? single : joined);
  return { encoding, units, parts, room: units <= single ? single : parts.length * joined, replaced, foreign, weigh: (sign) => weigh(sign, encoding) };
};

const cut = (signs, encoding, limit) => {
  const parts = [""];
  let used = 0;
  for (const sign of signs) {
    const cost = weigh(sign, encoding);
    if (used + cost > limit) { parts.push(""); used = 0; }
    parts[parts.length - 1] += sign;
    used += cost;
  }
  return parts;
};
