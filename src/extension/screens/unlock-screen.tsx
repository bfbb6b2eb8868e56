import { type FormEvent, type ReactElement, useState } from 'react'
import { errorFrom } from '#std/error.ts'
import { askBackground } from '#ui/background.ts'
import { Button } from '#ui/button.tsx'
import { Field } from '#ui/field.tsx'
import { Icon } from '#ui/icon.tsx'
import { failureText, text } from '#ui/texts.ts'

export function UnlockScreen(): ReactElement {
  const [password, setPassword] = useState('')
  const [wrong, setWrong] = useState<string>()
  const [busy, setBusy] = useState(false)
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault()
    if (password === '') return
    setBusy(true)
    try {
      await askBackground('wallet-unlock', { password })
    } catch (thrown) {
      setWrong(failureText(errorFrom(thrown).code))
    } finally {
      setBusy(false)
    }
  }
  return (
    <form className="stack middle" onSubmit={event => void submit(event)} noValidate>
      <Icon name="lock" large />
      <h1>{text('lockedTitle')}</h1>
      <p className="quiet">{text('lockedLead')}</p>
      <Field
        label={text('password')}
        type="password"
        autoComplete="current-password"
        autoFocus
        value={password}
        onText={value => {
          setPassword(value)
          setWrong(undefined)
        }}
        wrong={wrong}
      />
      <Button kind="primary" type="submit" wide busy={busy}>
        {text('unlock')}
      </Button>
      <p className="quiet small">{text('forgotPassword')}</p>
      <Button kind="plain" onClick={() => void askBackground('window-open', { show: 'restore' })}>
        {text('forgotAction')}
      </Button>
    </form>
  )
}
