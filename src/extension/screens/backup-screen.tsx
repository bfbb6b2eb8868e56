import { type FormEvent, type ReactElement, useState } from 'react'
import type { Settings } from '#bridge/shapes.ts'
import { askBackground } from '#ui/background.ts'
import { Button } from '#ui/button.tsx'
import { Field } from '#ui/field.tsx'
import { Notice } from '#ui/notice.tsx'
import { text } from '#ui/texts.ts'
import { PhraseWords } from './phrase-words.tsx'
import { Screen } from './screen.tsx'
import { useAsking } from './use-asking.ts'

type BackupProps = { readonly settings: Settings; readonly back: () => void }

/** Shows the phrase to whoever types the password now, as long as this screen is open. */
export function BackupScreen({ settings, back }: BackupProps): ReactElement {
  const [password, setPassword] = useState('')
  const [phrase, setPhrase] = useState<string>()
  const { busy, failure, run, clear } = useAsking()
  const reveal = (event: FormEvent): void => {
    event.preventDefault()
    if (password === '') return
    void run(async () => {
      const revealed = await askBackground('wallet-reveal', { password })
      setPassword('')
      setPhrase(revealed.phrase)
    })
  }
  const done = (): void =>
    void run(async () => {
      if (!settings.isBackedUp) await askBackground('settings-set', { ...settings, isBackedUp: true })
      back()
    })
  return (
    <Screen title={text('backup')} back={back}>
      <Notice>{text('phraseWarning')}</Notice>
      {phrase === undefined ? (
        <form className="stack" onSubmit={reveal} noValidate>
          <Field
            label={text('password')}
            type="password"
            autoComplete="current-password"
            value={password}
            onText={typed => {
              setPassword(typed)
              clear()
            }}
            wrong={failure}
          />
          <Button kind="primary" type="submit" busy={busy}>
            {text('phraseReveal')}
          </Button>
        </form>
      ) : (
        <>
          <PhraseWords phrase={phrase} />
          {failure !== undefined && <Notice loss>{failure}</Notice>}
          <Button kind="primary" busy={busy} onClick={done}>
            {text('phraseWritten')}
          </Button>
        </>
      )}
    </Screen>
  )
}
