import { readFile } from 'node:fs/promises'
import * as v from 'valibot'
import { errorFrom, ParatiiError } from '#std/error.ts'
import { type Config, isSettingKey, type SettingKey, settingKeys, settings, variableOf } from './settings.ts'
import { writePrivateFile } from './write-file.ts'

/** Values as text, from flags or from the file. */
export type SettingTexts = Partial<Record<SettingKey, string>>

export type ConfigSources = {
  /** JSON object of settings. It may be absent. */
  readonly file: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly flags?: SettingTexts
}

const maxFileChars = 65_536
const fileSchema = v.pipe(
  v.unknown(),
  v.check(value => !Array.isArray(value)),
  v.record(v.string(), v.union([v.string(), v.number(), v.boolean()])),
)

/**
 * Every setting's value: a flag goes before the environment (`PARATII_…`), that before the file, that before the
 * standard. Throws `config-malformed` with `key` and `source` for an unknown key of the file and for a bad value, even
 * one that another source overrides.
 */
export const readConfig = async ({ file, env, flags = {} }: ConfigSources): Promise<Config> => {
  const written = await readSettingTexts(file)
  const config: Partial<Record<SettingKey, unknown>> = {}
  for (const key of settingKeys) {
    const setting = settings[key]
    const texts: readonly (readonly [source: string, text: string | undefined])[] = [
      ['standard', 'standard' in setting ? setting.standard : undefined],
      [file, written[key]],
      [variableOf(key), env[variableOf(key)]],
      ['flag', flags[key]],
    ]
    for (const [source, text] of texts) if (text !== undefined) config[key] = parseSetting(key, text, source)
  }
  // Each value came out of the schema of its own key, which the loop hides from the compiler.
  return config as Config
}

/** The file's own settings, as texts; none if there is no file. Throws `config-malformed`, `store-failed`. */
export const readSettingTexts = async (file: string): Promise<SettingTexts> => {
  const text = await readText(file)
  if (text === undefined) return {}
  const parsed = v.safeParse(fileSchema, text.length > maxFileChars ? undefined : parseJson(text))
  if (!parsed.success)
    throw new ParatiiError('config-malformed', { source: file, reason: 'no JSON object of settings' })
  const texts: SettingTexts = {}
  for (const [key, value] of Object.entries(parsed.output)) texts[checkKey(key, file)] = String(value)
  return texts
}

/**
 * Writes settings into the file, beside those that are there; `undefined` takes one out. All or none are written.
 * Throws `config-malformed` for an unknown key or a bad value.
 */
export const writeSettings = async (
  file: string,
  changes: Readonly<Record<string, string | undefined>>,
): Promise<void> => {
  const texts: Partial<Record<SettingKey, string | undefined>> = await readSettingTexts(file)
  for (const [name, text] of Object.entries(changes)) {
    const key = checkKey(name, 'given')
    if (text !== undefined) parseSetting(key, text, 'given')
    texts[key] = text
  }
  const sorted = Object.fromEntries(Object.entries(texts).sort(([a], [b]) => (a < b ? -1 : 1)))
  await writePrivateFile(file, `${JSON.stringify(sorted, undefined, 2)}\n`)
}

const parseSetting = (key: SettingKey, text: string, source: string): unknown => {
  const parsed = v.safeParse<v.GenericSchema<string, unknown>>(settings[key].schema, text, {
    abortPipeEarly: true,
  })
  if (parsed.success) return parsed.output
  throw new ParatiiError('config-malformed', { key, source, reason: parsed.issues[0].message })
}

/** A key that is one; else `config-malformed` with the nearest one that there is. */
export const checkKey = (key: string, source: string): SettingKey => {
  if (isSettingKey(key)) return key
  const known = settingKeys.filter(one =>
    one.toLowerCase().includes(key.toLowerCase().split('.').at(-1) ?? key),
  )
  const advice = `Settings are: ${(known.length > 0 ? known : settingKeys).join(', ')}.`
  throw new ParatiiError('config-malformed', { key, source, reason: 'there is no such setting', advice })
}

const readText = async (file: string): Promise<string | undefined> => {
  try {
    return await readFile(file, 'utf8')
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT') return undefined
    throw errorFrom(thrown, 'store-failed')
  }
}

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
