import * as v from 'valibot'
import { describe, expect, it } from 'vitest'
import type { Hex } from '#std/brand.ts'
import { createPhrase, parsePhrase } from './phrase.ts'
import { openVault, sealVault, vaultSchema } from './vault.ts'

const random = { bytes: (length: number) => crypto.getRandomValues(new Uint8Array(length)) }
// The real cost is a second a try; what is tested here does not depend on it.
const cheap = { n: 16, r: 8, p: 1 }

describe('the vault', () => {
  it('gives the phrase back to its password, through storage', async () => {
    const phrase = createPhrase(random)
    const stored = JSON.parse(JSON.stringify(await sealVault(phrase, 'correct horse', random, cheap)))
    expect(await openVault(v.parse(vaultSchema, stored), 'correct horse')).toBe(phrase)
  })

  it('opens to the same letters from another keyboard', async () => {
    const vault = await sealVault(createPhrase(random), 'cafe\u0301 noir', random, cheap)
    await expect(openVault(vault, 'caf\u00e9 noir')).resolves.toBeTypeOf('string')
  })

  it('holds nothing readable of the phrase', async () => {
    const phrase = createPhrase(random)
    const text = JSON.stringify(await sealVault(phrase, 'p', random, cheap))
    for (const word of phrase.split(' ')) expect(text).not.toContain(word === 'data' ? 'data:' : ` ${word}`)
  })

  it('never seals twice alike', async () => {
    const phrase = createPhrase(random)
    const [one, two] = [
      await sealVault(phrase, 'p', random, cheap),
      await sealVault(phrase, 'p', random, cheap),
    ]
    expect(one.data).not.toBe(two.data)
    expect(one.kdf.salt).not.toBe(two.kdf.salt)
  })

  it('refuses a wrong password', async () => {
    const vault = await sealVault(createPhrase(random), 'right', random, cheap)
    await expect(openVault(vault, 'wrong')).rejects.toMatchObject({ code: 'password-wrong' })
    await expect(openVault(vault, '')).rejects.toMatchObject({ code: 'password-wrong' })
  })

  it('refuses a vault with any byte changed, its parameters among them', async () => {
    const vault = await sealVault(createPhrase(random), 'p', random, cheap)
    const flip = (hex: Hex): Hex => `0x${hex.slice(2, -1)}${hex.endsWith('0') ? '1' : '0'}`
    const changed = [
      { ...vault, data: flip(vault.data) },
      { ...vault, cipher: { ...vault.cipher, iv: flip(vault.cipher.iv) } },
      { ...vault, kdf: { ...vault.kdf, salt: flip(vault.kdf.salt) } },
      { ...vault, kdf: { ...vault.kdf, n: 32 } },
    ]
    for (const other of changed)
      await expect(openVault(other, 'p')).rejects.toMatchObject({ code: 'password-wrong' })
  })

  it('is not read when its cost would take the machine', () => {
    const kdf = { name: 'scrypt', n: 2 ** 30, r: 8, p: 1, salt: `0x${'00'.repeat(16)}` }
    const cipher = { name: 'AES-256-GCM', iv: `0x${'00'.repeat(12)}` }
    expect(v.safeParse(vaultSchema, { version: 1, kdf, cipher, data: `0x${'00'.repeat(32)}` }).success).toBe(
      false,
    )
  })
})

describe('a phrase', () => {
  it('is read however it was typed', () => {
    const typed = '  Test test TEST test\ntest test test test test test test\tjunk '
    expect(parsePhrase(typed)).toMatchObject({ ok: true, value: `${'test '.repeat(11)}junk` })
  })

  it.each(['', 'test test', `${'test '.repeat(11)}test`, `${'test '.repeat(11)}jank`])('is not %j', text => {
    expect(parsePhrase(text)).toMatchObject({ error: { code: 'phrase-invalid' } })
  })
})
