import { type ReactElement, useState } from 'react'
import { minPasswordLength } from '#extension/password.ts'
import { Field } from '#ui/field.tsx'
import { text } from '#ui/texts.ts'
import { StepFrame } from './step-frame.tsx'

type PasswordProps = { readonly back: () => void; readonly next: (password: string) => void }

export function PasswordStep({ back, next }: PasswordProps): ReactElement {
  const [password, setPassword] = useState('')
  const [again, setAgain] = useState('')
  const [tried, setTried] = useState(false)
  const short = password.length < minPasswordLength
  const differs = password !== again
  return (
    <StepFrame
      title={text('passwordTitle')}
      lead={text('passwordLead')}
      action={text('continue')}
      back={back}
      next={() => (short || differs ? setTried(true) : next(password))}
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
    </StepFrame>
  )
}
