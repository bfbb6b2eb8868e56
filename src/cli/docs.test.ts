import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { settingKeys, settings, variableOf } from '#daemon/settings.ts'
import { type ErrorCode, errorCodes } from '#std/error-codes.ts'
import { exitCodeOf, exitCodes } from './exit-code.ts'

const page = await readFile(join(import.meta.dirname, '../../docs/cli.md'), 'utf8')

describe('docs/cli.md', () => {
  it('has every setting with its variable and its standard', () => {
    for (const key of settingKeys) {
      const setting = settings[key]
      const standard = 'standard' in setting && setting.standard !== '' ? ` \`${setting.standard}\` ` : ' '
      expect(page).toContain(`| \`${key}\` | \`${variableOf(key)}\` |${standard}| ${setting.about} |`)
    }
  })

  it('has every exit code, and no error ends in another', () => {
    for (const code of Object.values(exitCodes)) expect(page).toMatch(new RegExp(`^\\| ${code} \\|`, 'm'))
    const known = new Set<number>(Object.values(exitCodes))
    for (const code of Object.keys(errorCodes) as ErrorCode[]) expect(known.has(exitCodeOf(code))).toBe(true)
  })
})
