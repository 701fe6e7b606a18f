"""Mail to organisations and to Digipost beside the forward: what is asked, reminded, answered and told, and when."""
