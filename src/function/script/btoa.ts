// In place of btoa-lite, which needs Node's Buffer: the same Base64 of UTF-8.
declare const btoa: (bytes: string) => string

export default function base64(text: string): string {
  const wellFormed = text.replace(/\p{Surrogate}/gu, '\ufffd')
  return btoa(
    encodeURIComponent(wellFormed).replace(/%(..)/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)))
  )
}
