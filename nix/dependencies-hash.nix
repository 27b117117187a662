"sha256-saW8VgOgjyPsNeY/uA8UEJCNPWJ1jz5h/icManI4y8Y="
