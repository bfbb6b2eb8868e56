import { entropyToMnemonic, mnemonicToSeedWebcrypto, validateMnemonic } from '@scure/bip39'
import { wordlist } from '@scure/bip39/wordlists/english.js'
import type { Brand } from '#std/brand.ts'
import { failed } from '#std/error.ts'
import type { Random } from '#std/ports/random.ts'
import { ok, type Result } from '#std/result.ts'

/** A recovery phrase (BIP-39, English) with a right checksum: lowercase words, one space between. */
export type Phrase = Brand<string, 'Phrase'>

/** 128 bits, 12 words: as strong as secp256k1 itself. */
const entropyLength = 16

/** A new phrase of 12 words. */
export const createPhrase = (random: Random): Phrase =>
  entropyToMnemonic(random.bytes(entropyLength), wordlist) as Phrase

/** What a person typed or pasted, as a phrase; `phrase-invalid` says how many words there were. */
export function parsePhrase(text: string): Result<Phrase> {
  const words = text.normalize('NFKD').trim().toLowerCase().split(/\s+/)
  const phrase = words.join(' ')
  return validateMnemonic(phrase, wordlist)
    ? ok(phrase as Phrase)
    : failed('phrase-invalid', { words: text.trim() === '' ? 0 : words.length })
}

/** The words of `words` that are in no phrase, so that a mistyped one can be shown. */
export const unknownWords = (words: readonly string[]): readonly string[] =>
  words.filter(word => !wordlist.includes(word))

/** The 64-byte seed of a phrase, without a BIP-39 passphrase. */
export const seedFromPhrase = async (phrase: Phrase): Promise<Uint8Array> => mnemonicToSeedWebcrypto(phrase)
