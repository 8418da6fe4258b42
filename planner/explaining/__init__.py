"""Why a project got the file it got, and why a verdict is what it is: found out, worded, put into JSON."""
