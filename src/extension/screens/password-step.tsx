import { type ReactElement, useState } from 'react'
import { minPasswordLength } from '#extension/password.ts'
import { errorFrom } from '#std/error.ts'
import { Field } from '#ui/field.tsx'
import { Notice } from '#ui/notice.tsx'
import { failureText, text } from '#ui/texts.ts'
import { StepFrame } from './step-frame.tsx'

type PasswordProps = { readonly back: () => void; readonly next: (password: string) => Promise<void> }

export function PasswordStep({ back, next }: PasswordProps): ReactElement {
  const [password, setPassword] = useState('')
  const [again, setAgain] = useState('')
  const [tried, setTried] = useState(false)
  const [failure, setFailure] = useState<string>()
  const [busy, setBusy] = useState(false)
  const short = password.length < minPasswordLength
  const differs = password !== again
  const submit = async (): Promise<void> => {
    if (short || differs) return setTried(true)
    setBusy(true)
    setFailure(undefined)
    await next(password).catch(thrown => {
      setFailure(failureText(errorFrom(thrown).code))
      setBusy(false)
    })
  }
  return (
    <StepFrame
      title={text('passwordTitle')}
      lead={text('passwordLead')}
      action={text('continue')}
      back={back}
      busy={busy}
      next={() => void submit()}
    >
      <Field
        label={text('password')}
        type="password"
        autoComplete="new-password"
        value={password}
        onText={setPassword}
        hint={text('passwordHint', String(minPasswordLength))}
        wrong={tried && short ? text('passwordShort', String(minPasswordLength)) : undefined}
      />
      <Field
        label={text('passwordAgain')}
        type="password"
        autoComplete="new-password"
        value={again}
        onText={setAgain}
        wrong={tried && differs && !short ? text('passwordDiffers') : undefined}
      />
      {failure !== undefined && <Notice loss>{failure}</Notice>}
    </StepFrame>
  )
}
