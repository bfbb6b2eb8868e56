import { type ReactElement, useEffect, useRef } from 'react'
import { Button } from '#ui/button.tsx'
import { text } from '#ui/texts.ts'

type WelcomeProps = { readonly create: () => void; readonly bring: () => void }

export function WelcomeStep({ create, bring }: WelcomeProps): ReactElement {
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => heading.current?.focus(), [])
  return (
    <div className="stack step">
      <h1 ref={heading} tabIndex={-1}>
        {text('welcomeTitle')}
      </h1>
      <p className="quiet">{text('welcomeLead')}</p>
      <div className="stack step-actions">
        <Button kind="primary" wide onClick={create}>
          {text('createWallet')}
        </Button>
        <Button wide onClick={bring}>
          {text('importWallet')}
        </Button>
      </div>
    </div>
  )
}
