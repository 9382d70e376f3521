// Control and format characters, some of which turn the order of a line around, and halves of characters.
const UNSEEN = /(?![\t\n])[\p{Cc}\p{Cf}\p{Surrogate}\u2028\u2029]/gu

/** Other people's text so that nothing in it is hidden, or moves what stands around it: such a character becomes its code. */
export function visible(text: string): string {
  return text.replace(UNSEEN, (character, at: number) => {
    // It holds together an emoji of several parts, such as a family.
    if (character === '\u200d' && /\p{Extended_Pictographic}\p{M}*$/u.test(text.slice(0, at).slice(-4)))
      return character
    return `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`
  })
}
