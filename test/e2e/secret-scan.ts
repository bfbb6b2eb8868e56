import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { HDNodeWallet } from 'ethers'

/** A wallet's secrets in every form in which a browser might have written one down. */
export function secretsOf(wallet: HDNodeWallet, otherKeys: readonly string[] = []): Buffer[] {
  const { mnemonic } = wallet
  if (!mnemonic) throw new Error('a wallet without a phrase')
  return [
    ...threesOf(mnemonic.phrase).flatMap(text => [Buffer.from(text), Buffer.from(text, 'utf16le')]),
    ...[mnemonic.computeSeed(), wallet.privateKey, mnemonic.entropy, ...otherKeys].flatMap(hex => {
      const bytes = Buffer.from(hex.slice(2), 'hex')
      return [bytes, Buffer.from(hex.slice(2)), Buffer.from(bytes.toString('base64').slice(0, 20))]
    }),
  ]
}

/** Files below a folder that hold one of these; and how many bytes were read to know. */
export async function findSecrets(folder: string, secrets: readonly Buffer[]) {
  const found: string[] = []
  let readBytes = 0
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const path = join(entry.parentPath, entry.name)
    const bytes = await readFile(path)
    readBytes += bytes.length
    if (secrets.some(secret => bytes.includes(secret))) found.push(path)
  }
  return { found, readBytes }
}

/** Every three words that follow each other: enough to know a phrase by, and too much for chance. */
function threesOf(phrase: string): string[] {
  const list = phrase.split(' ')
  return list.slice(0, -2).map((_, place) => list.slice(place, place + 3).join(' '))
}
