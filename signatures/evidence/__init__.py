"""What signing services embed to prove who signed: signed XML and SEID-SDO, verified by their own signatures."""
